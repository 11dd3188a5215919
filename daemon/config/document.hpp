// A YAML file as a tree of values that know their place. Strict: what YAML lets pass and an
// operator did not mean (duplicate keys, tags, a second document) is a problem; what would hurt
// (depth, alias bombs) is bounded. The only file that includes yaml-cpp is document.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

#include "daemon/config/source_text.hpp"

namespace itnxt {

// Room for 20,000 devices and as many links: 4 MB and 560,000 values.
inline constexpr std::size_t kMaxFileBytes = std::size_t{8} << 20U;    // of one file
inline constexpr std::size_t kMaxTotalBytes = std::size_t{16} << 20U;  // of all files together
inline constexpr std::size_t kMaxValues = 1'000'000;  // of all files, aliases counted in full
inline constexpr std::size_t kMaxDepth = 32;

// One scalar, list or map. Lives in the arena of its Documents; trivially destructible.
struct Value {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;   // a scalar in quotes or as a block: text, never a number
  std::uint32_t at = 0;  // byte offset of its first character; of its key or dash when empty
  const SourceText* source = nullptr;
  std::string_view text;                // of a scalar
  std::span<const Value* const> items;  // of a list; of a map: key, value, key, value …

  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] std::size_t entries() const { return items.size() / 2; }  // of a map
  [[nodiscard]] const Value& key(std::size_t i) const { return *items[2 * i]; }
  [[nodiscard]] const Value& value(std::size_t i) const { return *items[2 * i + 1]; }
};

// What the documents of one load share: memory and how many values they may still have.
struct DocumentArena {
  std::pmr::monotonic_buffer_resource memory{64 << 10};
  std::size_t values_left = kMaxValues;
};

class Problems;

struct ParsedDocument {
  bool complete = false;        // read to its end; what was wrong on the way is reported
  const Value* root = nullptr;  // null when the file holds nothing but comments
};

// `source` and `arena` outlive the tree. Bounded by the size of the text; never throws for bad
// input.
ParsedDocument parse_document(SourceText& source, DocumentArena& arena, Problems& problems);

// A copy of `items` in the arena.
std::span<const Value* const> keep(DocumentArena& arena, std::span<const Value* const> items);

}  // namespace itnxt
