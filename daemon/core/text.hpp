// Text from outside, made safe once, at ingest.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace itnxt {

// Valid UTF-8 without control characters, at most `max_bytes` long (cut at a character's border).
// A byte that is no UTF-8 is taken as Latin-1 where it is printable there ("Stra\xdfe" → "Straße"),
// else it becomes U+FFFD. Leading and trailing white space goes.
std::string sanitize(std::string_view text, std::size_t max_bytes = 256);
// The same into a string whose memory is used again; text that is clean already is only copied.
// `text` is no part of `to`.
void sanitize_into(std::string& to, std::string_view text, std::size_t max_bytes = 256);

[[nodiscard]] bool is_valid_utf8(std::string_view text);

// The candidate nearest to `word` by edit distance, if near enough to be what was meant.
std::optional<std::string> did_you_mean(std::string_view word,
                                        const std::vector<std::string>& candidates);

}  // namespace itnxt
