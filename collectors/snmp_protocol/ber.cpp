#include "collectors/snmp_protocol/ber.hpp"

#include <algorithm>

namespace itnxt::snmp {

// Base 128, most significant first, no padding (X.690 §8.19.2), at most 32 bits (RFC 2578 §3.5).
std::optional<std::uint32_t> take_arc(ByteView& oid) {
  std::uint64_t arc = 0;
  for (std::size_t i = 0; i < oid.size() && i < 5; ++i) {
    const std::uint8_t byte = oid[i];
    if (i == 0 && byte == 0x80) return std::nullopt;
    arc = (arc << 7U) | (byte & 0x7FU);
    if ((byte & 0x80U) == 0) {
      if (arc > 0xFFFFFFFFU) return std::nullopt;
      oid = oid.subspan(i + 1);
      return static_cast<std::uint32_t>(arc);
    }
  }
  return std::nullopt;
}

std::optional<Element> Reader::next() {
  const ByteView bytes = rest_;
  rest_ = {};  // stays so on every refusal: nothing after a broken element can be trusted
  if (bytes.size() < 2 || (bytes[0] & 0x1FU) == 0x1FU) return std::nullopt;
  std::size_t header = 2;
  std::size_t length = bytes[1];
  if (length >= 0x80) {
    const std::size_t digits = length & 0x7FU;
    if (digits == 0 || digits > 4 || bytes.size() < 2 + digits) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < digits; ++i) length = (length << 8U) | bytes[2 + i];
    header += digits;
  }
  if (length > bytes.size() - header) return std::nullopt;
  rest_ = bytes.subspan(header + length);
  return Element{bytes[0], bytes.subspan(header, length)};
}

std::optional<ByteView> Reader::next(std::uint8_t tag) {
  const std::optional<Element> element = next();
  if (!element || element->tag != tag) {
    rest_ = {};
    return std::nullopt;
  }
  return element->content;
}

std::optional<std::int64_t> signed_number(ByteView content) {
  if (content.empty() || content.size() > 8) return std::nullopt;
  std::uint64_t value = (content[0] & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const std::uint8_t byte : content) value = (value << 8U) | byte;
  return static_cast<std::int64_t>(value);
}

std::optional<std::uint64_t> unsigned_number(ByteView content, std::size_t bytes) {
  if (content.empty()) return std::nullopt;
  if (content[0] == 0 && content.size() == bytes + 1) content = content.subspan(1);
  if (content.size() > bytes) return std::nullopt;
  if ((content[0] & 0x80U) != 0 && content.size() < bytes) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : content) value = (value << 8U) | byte;
  return value;
}

bool is_below(ByteView oid, ByteView prefix) {
  return oid.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), oid.begin());
}

std::optional<std::uint32_t> row_of(ByteView oid, ByteView prefix) {
  if (!is_below(oid, prefix)) return std::nullopt;
  ByteView tail = oid.subspan(prefix.size());
  const std::optional<std::uint32_t> row = take_arc(tail);
  if (!tail.empty()) return std::nullopt;
  return row;
}

std::optional<std::strong_ordering> compare(ByteView a, ByteView b) {
  while (!a.empty() && !b.empty()) {
    const std::optional<std::uint32_t> left = take_arc(a);
    const std::optional<std::uint32_t> right = take_arc(b);
    if (!left || !right) return std::nullopt;
    if (*left != *right) return *left <=> *right;
  }
  return b.empty() <=> a.empty();
}

std::string dotted(ByteView oid) {
  std::string text;
  bool first = true;
  while (!oid.empty()) {
    const std::optional<std::uint32_t> arc = take_arc(oid);
    if (!arc) return {};
    if (first) {  // X.690 §8.19.4: the first two arcs share one sub-identifier
      const std::uint32_t top = std::min(*arc / 40, std::uint32_t{2});
      text = std::to_string(top) + '.' + std::to_string(*arc - top * 40);
      first = false;
    } else {
      text += '.';
      text += std::to_string(*arc);
    }
  }
  return text;
}

}  // namespace itnxt::snmp
