// yaml-cpp's syntax errors, said so that one knows what to do and where.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "daemon/config/source_text.hpp"

namespace itnxt {

inline constexpr const char* kOpenQuote = "the quoted text that begins here is never closed";

// `theirs`: yaml-cpp 0.7's message, found at `at`. `last`: where the last thing that was understood
// begins; `bracket`: the innermost {} or [] that is open. Never repeats a part of the text.
TextFault explain_yaml_fault(std::string_view theirs, std::size_t at, std::string_view text,
                             std::size_t last, std::optional<std::size_t> bracket);

}  // namespace itnxt
