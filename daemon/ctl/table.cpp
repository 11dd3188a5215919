#include "daemon/ctl/table.hpp"

#include <algorithm>
#include <array>

namespace itnxt::ctl {
namespace {

struct Range {
  char32_t first, last;
};
// The blocks that matter on a terminal, not the whole of UAX #11.
constexpr std::array kCombining = {
    Range{0x300, 0x36F},   Range{0x483, 0x489},   Range{0x591, 0x5BD},   Range{0x610, 0x61A},
    Range{0x64B, 0x65F},   Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF},
    Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](Range r) { return point >= r.first && point <= r.last; });
}

struct Character {
  std::size_t bytes;
  std::size_t columns;
};

// Precondition: valid UTF-8, not at the end.
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const std::size_t claimed = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const std::size_t bytes = std::min(claimed, text.size() - at);
  char32_t point = claimed == 1 ? lead : lead & (0xFFU >> (claimed + 1));
  for (std::size_t i = 1; i < bytes; ++i) point = (point << 6) | (byte(at + i) & 0x3FU);
  if (in(kCombining, point)) return {bytes, 0};
  return {bytes, in(kWide, point) ? std::size_t{2} : std::size_t{1}};
}

std::string_view sgr(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::good:
      return "\x1b[32m";
    case Tone::bad:
      return "\x1b[1;31m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::faint:
      return "\x1b[2m";
    case Tone::strong:
      return "\x1b[1m";
  }
  return "";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    columns += c.columns;
    at += c.bytes;
  }
  return columns;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character c = character_at(text, at);
    if (used + c.columns > columns - 1) break;
    used += c.columns;
    at += c.bytes;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string paint(std::string_view text, Tone tone, const Style& style) {
  if (!style.colour || tone == Tone::plain || text.empty()) return std::string(text);
  return std::string(sgr(tone)).append(text).append("\x1b[0m");
}

// Every column's width; 0: left out, so that the line has room.
std::vector<std::size_t> Table::widths(const Style& style) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  std::size_t line = widths.size() * 2 - 2;
  for (const std::size_t width : widths) line += width;
  std::vector<std::size_t> spare;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].spare > 0) spare.push_back(i);
  }
  std::stable_sort(spare.begin(), spare.end(), [&](std::size_t a, std::size_t b) {
    return columns_[a].spare > columns_[b].spare;
  });
  for (const std::size_t i : spare) {
    if (line <= style.columns.value_or(line)) break;
    line -= widths[i] + 2;
    widths[i] = 0;
  }
  return widths;
}

std::string Table::render(const Style& style) const {
  const std::vector<std::size_t> widths = this->widths(style);
  const bool cuts = style.columns && !style.wraps;
  std::string text;
  const auto add_line = [&](const std::vector<Cell>& cells) {
    std::size_t left = cuts ? *style.columns : static_cast<std::size_t>(-1);
    std::size_t spaces = 0;  // owed before the next cell: none trail at a line's end
    for (std::size_t i = 0; i < cells.size() && left > 0; ++i) {
      if (widths[i] == 0) continue;
      const std::size_t padding = widths[i] - display_width(cells[i].text);
      if (columns_[i].align == Align::right) spaces += padding;
      if (!cells[i].text.empty()) {
        if (spaces >= left) break;
        text.append(spaces, ' ');
        left -= spaces;
        const std::string shown = cut(cells[i].text, left);
        text += paint(shown, cells[i].tone, style);
        left -= display_width(shown);
        spaces = 0;
      }
      if (columns_[i].align == Align::left) spaces += padding;
      spaces += 2;
    }
    text += '\n';
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.emplace_back(column.title, Tone::strong);
  add_line(titles);
  for (const auto& row : rows_) add_line(row);
  return text;
}

}  // namespace itnxt::ctl
