// Reading BER (X.690) as SNMP uses it (RFC 3417 §8): bytes of strangers through a shrinking span.
// Pure; nothing is copied or allocated, views point into the caller's bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace itnxt::snmp {

using ByteView = std::span<const std::uint8_t>;

// One element: tag and content. Nesting is the reader of the content, so depth is the code's.
struct Element {
  std::uint8_t tag = 0;
  ByteView content;
};

// Takes elements off the front. Refused, with the reader then spent: an indefinite length, a length
// of more than four bytes, a length beyond the span, a tag of more than one byte.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] ByteView rest() const { return rest_; }
  [[nodiscard]] std::optional<Element> next();
  // The next element's content when it bears `tag`.
  [[nodiscard]] std::optional<ByteView> next(std::uint8_t tag);

 private:
  ByteView rest_;
};

// INTEGER: one to eight bytes, two's complement.
[[nodiscard]] std::optional<std::int64_t> signed_number(ByteView content);

// Counter32, Gauge32, TimeTicks (`bytes` 4) and Counter64 (`bytes` 8). Agents that leave the
// leading zero of a full-width number out are understood; other negative numbers, and what is wider
// than the type, are refused.
[[nodiscard]] std::optional<std::uint64_t> unsigned_number(ByteView content, std::size_t bytes);

// The row's index: the one sub-identifier of `oid` behind the encoded `prefix`. Absent: `oid` is
// not below `prefix`, or is, but with no or more than one sub-identifier or one beyond 32 bits.
[[nodiscard]] std::optional<std::uint32_t> row_of(ByteView oid, ByteView prefix);
// Takes one sub-identifier off the front; absent when it is malformed or beyond 32 bits.
[[nodiscard]] std::optional<std::uint32_t> take_arc(ByteView& oid);
[[nodiscard]] bool is_below(ByteView oid, ByteView prefix);

// Lexicographic order of two encoded OIDs by their sub-identifiers; absent when one is malformed.
[[nodiscard]] std::optional<std::strong_ordering> compare(ByteView a, ByteView b);

// "1.3.6.1.4.1.9.1.516"; empty when malformed.
[[nodiscard]] std::string dotted(ByteView oid);

}  // namespace itnxt::snmp
