// The text of one configuration file: positions, excerpts with a caret, and what must not be shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/issue.hpp"
#include "daemon/config/masks.hpp"

namespace itnxt {

struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

class SourceText {
 public:
  // `file` is what messages say. A UTF-8 byte order mark at the start is dropped (YAML 1.2 §5.2).
  SourceText(std::string file, std::string text, std::size_t order = 0);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::size_t order() const { return order_; }  // main file 0, then its includes
  [[nodiscard]] std::filesystem::path directory() const {
    return std::filesystem::path(file_).parent_path();
  }

  // 1-based place of a byte offset; an offset behind the last line is the end of the last line.
  [[nodiscard]] Place place(std::size_t offset) const;
  [[nodiscard]] std::string where(std::size_t offset) const;  // "FILE:LINE:COLUMN"
  [[nodiscard]] Issue issue(std::size_t offset, std::string message, bool warning) const;

  Masks& masks() { return masks_; }
  [[nodiscard]] const Masks& masks() const { return masks_; }

 private:
  struct Line {
    std::size_t begin;
    std::size_t end;  // without its line break
  };
  [[nodiscard]] std::size_t clamp(std::size_t offset) const;
  [[nodiscard]] std::size_t line_index(std::size_t offset) const;
  [[nodiscard]] Line line(std::size_t index) const;
  [[nodiscard]] std::size_t characters_before(std::size_t offset) const;

  std::string file_;
  std::string text_;
  std::size_t order_;
  std::vector<std::uint32_t> starts_;      // offset of each line
  std::vector<std::uint32_t> characters_;  // before each 4096th byte: a place is found in no time
  Masks masks_;
};

// What yaml-cpp must never see: bytes that are no UTF-8, control characters, UTF-16.
struct TextFault {
  std::size_t offset;
  std::string message;
};
std::optional<TextFault> find_text_fault(std::string_view text);

}  // namespace itnxt
