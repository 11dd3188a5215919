// Writing BER backwards from the end of a caller's buffer, so that every length is known when it is
// due. What does not fit makes the writer not ok, and nothing is written any more. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "collectors/snmp_protocol/ber.hpp"

namespace itnxt::snmp::usm {

class BerWriter {
 public:
  explicit BerWriter(std::span<std::uint8_t> buffer) : buffer_(buffer), at_(buffer.size()) {}

  [[nodiscard]] bool ok() const { return ok_; }
  // Where what was written last begins, as an index of the buffer.
  [[nodiscard]] std::size_t at() const { return at_; }

  void raw(ByteView bytes) {
    if (!make_room(bytes.size())) return;
    std::copy(bytes.begin(), bytes.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
  }
  // Puts tag and length before what stands from at() to `end`.
  void wrap(std::uint8_t tag, std::size_t end) {
    const std::size_t length = end - at_;
    std::size_t rest = length;
    std::uint8_t digits = 0;
    for (; length >= 0x80 && rest > 0; rest >>= 8U, ++digits) {
      byte(static_cast<std::uint8_t>(rest & 0xFFU));
    }
    byte(static_cast<std::uint8_t>(length < 0x80 ? length : 0x80U | digits));
    byte(tag);
  }
  void element(std::uint8_t tag, ByteView content) {
    const std::size_t end = at_;
    raw(content);
    wrap(tag, end);
  }
  // INTEGER (0..2147483647), in as few octets as it takes.
  void number(std::uint32_t value) {
    const std::size_t end = at_;
    do {
      byte(static_cast<std::uint8_t>(value & 0xFFU));
      value >>= 8U;
    } while (value != 0);
    if (ok_ && (buffer_[at_] & 0x80U) != 0) byte(0);
    wrap(0x02, end);
  }

 private:
  bool make_room(std::size_t size) {
    ok_ = ok_ && size <= at_;
    if (ok_) at_ -= size;
    return ok_;
  }
  void byte(std::uint8_t value) {
    if (make_room(1)) buffer_[at_] = value;
  }

  std::span<std::uint8_t> buffer_;
  std::size_t at_;
  bool ok_ = true;
};

}  // namespace itnxt::snmp::usm
