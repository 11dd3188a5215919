#include "daemon/config/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kExcerpt = 160;  // characters of a line that are shown at most
constexpr std::size_t kBefore = 100;   // of them before the caret, when the line is cut
constexpr std::size_t kNear = 4096;    // bytes around the caret in which secrets are looked for
constexpr std::size_t kStep = 4096;    // bytes between two counts of characters
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_tail(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_tail(c); }));
}

// Length in bytes of the character at the front; 0 when the byte there begins none.
std::size_t character_length(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(4, text.size()); ++n) {
    if (is_valid_utf8(text.substr(0, n))) return n;
  }
  return 0;
}

// Printable as it is? What moves a terminal's cursor or reorders its text is not.
bool is_printable(std::string_view character) {
  if (character.size() == 1) {
    const auto byte = static_cast<unsigned char>(character.front());
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  }
  return sanitize(character) == character;
}

std::string control_name(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const auto point = byte == 0xC2 ? static_cast<unsigned char>(text[at + 1]) : byte;
  return fmt::format("U+{:04X}", static_cast<unsigned>(point));
}

// C0 except tab and line breaks, DEL, C1. A carriage return counts only before a line feed:
// yaml-cpp takes a lone one for a line break that its positions do not know.
bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == '\r') return at + 1 >= text.size() || text[at + 1] != '\n';
  if (byte < 0x20) return byte != '\t' && byte != '\n';
  if (byte == 0x7F) return true;
  return byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

std::size_t first_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {  // line by line, so that the exact search is short
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (!is_valid_utf8(text.substr(at, end - at))) break;
    at = end + 1;
  }
  while (at < text.size()) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

}  // namespace

SourceText::SourceText(std::string file, std::string text, std::size_t order)
    : file_(std::move(file)), text_(std::move(text)), order_(order) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.erase(0, 3);
  starts_.push_back(0);
  for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
    starts_.push_back(static_cast<std::uint32_t>(at + 1));
  }
  characters_.push_back(0);
  for (std::size_t at = kStep; at <= text_.size(); at += kStep) {
    const std::size_t more = count_characters(std::string_view(text_).substr(at - kStep, kStep));
    characters_.push_back(characters_.back() + static_cast<std::uint32_t>(more));
  }
}

std::size_t SourceText::clamp(std::size_t offset) const {
  if (offset < text_.size()) return offset;
  const std::size_t last = text_.find_last_not_of(" \t\r\n");
  if (last == std::string::npos) return 0;
  const std::size_t end = text_.find_first_of("\r\n", last);
  return end == std::string::npos ? text_.size() : end;
}

std::size_t SourceText::line_index(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

SourceText::Line SourceText::line(std::size_t index) const {
  const std::size_t begin = starts_[index];
  std::size_t end = index + 1 < starts_.size() ? starts_[index + 1] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return {begin, end};
}

std::size_t SourceText::characters_before(std::size_t offset) const {
  const std::size_t step = offset / kStep;
  return characters_[step] + count_characters(text().substr(step * kStep, offset - step * kStep));
}

Place SourceText::place(std::size_t offset) const {
  offset = clamp(offset);
  const std::size_t index = line_index(offset);
  const std::size_t column = characters_before(offset) - characters_before(starts_[index]);
  return {static_cast<std::uint32_t>(index + 1), static_cast<std::uint32_t>(column + 1)};
}

std::string SourceText::where(std::size_t offset) const {
  const Place at = place(offset);
  return fmt::format("{}:{}:{}", file_, at.line, at.column);
}

Issue SourceText::issue(std::size_t offset, std::string message, bool warning) const {
  const Place at = place(offset);
  Issue issue{file_, at.line, at.column, std::move(message), {}, 1, warning};
  offset = clamp(offset);
  const Line whole = line(line_index(offset));
  std::size_t from = whole.begin;
  if (at.column > kExcerpt - 40) {  // a long line: show the part around the caret
    from = offset;
    for (std::size_t n = 0; n < kBefore && from > whole.begin; ++n) {
      do --from;
      while (from > whole.begin && is_tail(text_[from]));
    }
    issue.source_line = "…";
  }
  // What is near enough to matter: a line may have megabytes.
  const std::size_t end = std::min(whole.end, from + kNear);
  const std::size_t begin = from - std::min(from - whole.begin, kNear);
  const std::vector<Mask> masks = masks_.on_line(text_, begin, end);
  std::size_t shown = issue.source_line.empty() ? 0 : 1;
  issue.caret = 0;
  for (std::size_t cursor = from; cursor < end && shown < kExcerpt;) {
    const auto mask = std::find_if(masks.begin(), masks.end(), [&](const Mask& m) {
      return m.begin <= cursor && cursor < m.end;
    });
    const std::size_t length = std::max<std::size_t>(
        1, mask != masks.end() ? mask->end - cursor
                               : character_length(text().substr(cursor, end - cursor)));
    if (issue.caret == 0 && offset < cursor + length) {
      issue.caret = static_cast<std::uint32_t>(shown + 1);
    }
    const std::string_view character = text().substr(cursor, length);
    if (mask != masks.end()) {
      issue.source_line += "***";
      shown += 3;
    } else {
      const bool fine = is_valid_utf8(character) && is_printable(character);
      issue.source_line += fine ? character : kReplacement;
      ++shown;
    }
    cursor += length;
    if ((shown >= kExcerpt || cursor >= end) && cursor < whole.end) issue.source_line += "…";
  }
  if (issue.caret == 0) issue.caret = static_cast<std::uint32_t>(shown + 1);
  return issue;
}

std::string to_text(const Issue& issue) {
  std::string text = fmt::format("{}:{}:{}: {}{}\n", issue.file, issue.line, issue.column,
                                 issue.warning ? "warning: " : "", issue.message);
  if (issue.source_line.empty()) return text;
  text += issue.source_line + "\n";
  std::uint32_t column = 1;
  for (std::size_t at = 0; at < issue.source_line.size() && column < issue.caret; ++at) {
    if (is_tail(issue.source_line[at])) continue;
    text += issue.source_line[at] == '\t' ? '\t' : ' ';  // a tab is as wide as the one above it
    ++column;
  }
  return text + "^\n";
}

std::optional<TextFault> find_text_fault(std::string_view text) {
  if (text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE")) {
    return TextFault{0, "this file is UTF-16; save it as UTF-8"};
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_control(text, at)) continue;
    if (!is_valid_utf8(text.substr(0, at))) break;  // the bad byte comes first
    if (text[at] == '\0') return TextFault{at, "a NUL byte; expected text in UTF-8"};
    return TextFault{at, "control character " + control_name(text, at) +
                             "; expected text in UTF-8 without control characters"};
  }
  if (is_valid_utf8(text)) return std::nullopt;
  const std::size_t bad = first_bad_byte(text);
  return TextFault{bad, fmt::format("byte 0x{:02X} is not UTF-8; save the file as UTF-8",
                                    static_cast<unsigned>(static_cast<unsigned char>(text[bad])))};
}

}  // namespace itnxt
