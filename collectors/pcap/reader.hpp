// Checked reading of a packet: a span that shrinks from the front as headers are taken, and from
// the back as lengths within them are believed. Never reads a byte that was not captured.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace itnxt::pcap {

// N bytes that are there, or nothing. Offsets are checked by the compiler; no alignment is needed,
// and numbers come in the order of the host.
template <std::size_t N>
class Header {
 public:
  constexpr Header() = default;
  explicit constexpr Header(const std::uint8_t* bytes) : bytes_(bytes) {}
  explicit constexpr operator bool() const { return bytes_ != nullptr; }

  template <std::size_t At>
  [[nodiscard]] std::uint8_t u8() const {
    static_assert(At < N);
    return bytes_[At];
  }
  template <std::size_t At>
  [[nodiscard]] std::uint16_t u16() const {
    return load<std::uint16_t, At>();
  }
  template <std::size_t At>
  [[nodiscard]] std::uint32_t u32() const {
    return load<std::uint32_t, At>();
  }
  template <std::size_t At>
  [[nodiscard]] std::uint64_t u48() const {
    return std::uint64_t{u16<At>()} << 32U | u32<At + 2>();
  }
  template <std::size_t At>
  [[nodiscard]] std::uint64_t u64() const {
    return load<std::uint64_t, At>();
  }

 private:
  // Big-endian on the wire.
  template <class Word, std::size_t At>
  [[nodiscard]] Word load() const {
    static_assert(At + sizeof(Word) <= N);
    Word word = 0;
    std::memcpy(&word, bytes_ + At, sizeof word);
    if constexpr (std::endian::native == std::endian::little) {
      if constexpr (sizeof word == 2) return __builtin_bswap16(word);
      if constexpr (sizeof word == 4) return __builtin_bswap32(word);
      if constexpr (sizeof word == 8) return __builtin_bswap64(word);
    }
    return word;
  }

  const std::uint8_t* bytes_ = nullptr;
};

// Why a header could not be taken.
enum class Shortage : std::uint8_t {
  cut,       // the wire had it, the capture has not
  ended,     // the frame ends before
  declared,  // a length within the packet leaves no room for it
};

class Reader {
 public:
  // `wire`: bytes the frame had; at least as many as were captured.
  Reader(std::span<const std::uint8_t> captured, std::size_t wire)
      : next_(captured.data()),
        captured_(captured.size()),
        wire_(std::max(wire, captured.size())) {}

  // Bytes the packet has from here on, captured or not.
  [[nodiscard]] std::size_t wire() const { return wire_; }

  template <std::size_t N>
  Header<N> take() {
    if (captured_ < N) return {};
    const std::uint8_t* const bytes = next_;
    advance(N);
    return Header<N>(bytes);
  }

  // The same without going on.
  template <std::size_t N>
  [[nodiscard]] Header<N> peek() const {
    return captured_ < N ? Header<N>() : Header<N>(next_);
  }

  bool skip(std::size_t count) {
    if (captured_ < count) return false;
    advance(count);
    return true;
  }

  // What follows is `length` long, says the packet. False, and nothing changes, when the frame ends
  // before that.
  bool narrow(std::size_t length) {
    if (length > wire_) return false;
    wire_ = length;
    captured_ = std::min(captured_, length);
    declared_ = true;
    return true;
  }

  // Why `count` bytes were not to be had.
  [[nodiscard]] Shortage shortage(std::size_t count) const {
    if (count <= wire_) return Shortage::cut;
    return declared_ ? Shortage::declared : Shortage::ended;
  }

 private:
  void advance(std::size_t count) {
    next_ += count;
    captured_ -= count;
    wire_ -= count;
  }

  const std::uint8_t* next_;
  std::size_t captured_;  // never more than wire_
  std::size_t wire_;
  bool declared_ = false;
};

}  // namespace itnxt::pcap
