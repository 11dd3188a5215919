// Text tables in columns as wide as their UTF-8 looks on a terminal. Cells hold sanitised text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace itnxt::ctl {

enum class Align : std::uint8_t { left, right };
enum class Tone : std::uint8_t { plain, good, bad, warning, faint, strong };

struct Column {
  std::string title;
  Align align = Align::left;
  int spare = 0;  // where lines are too long, the highest goes first; 0: never
};

struct Cell {
  Cell(std::string cell_text, Tone cell_tone = Tone::plain)  // NOLINT: rows read better so
      : text(std::move(cell_text)), tone(cell_tone) {}
  std::string text;
  Tone tone;
};

// How to write for whoever reads.
struct Style {
  bool colour = false;
  std::optional<std::size_t> columns = {};  // what a line has; nothing: no bound
  bool wraps = false;  // a line that is too long all the same is left to the terminal, not cut
};

// Terminal cells that valid UTF-8 takes: combining marks none, East Asian wide characters two.
std::size_t display_width(std::string_view text);

// At most `columns` cells of it, the last one "…" where something was cut.
std::string cut(std::string_view text, std::size_t columns);

// `text` in SGR codes when `style.colour`, else as it is.
std::string paint(std::string_view text, Tone tone, const Style& style);

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Precondition: as many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  // Title line, then rows; two spaces between columns; every line ends in '\n'.
  [[nodiscard]] std::string render(const Style& style) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(const Style& style) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace itnxt::ctl
