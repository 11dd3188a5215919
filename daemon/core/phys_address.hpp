// An interface's address at the layer below the network's, as octets: ifPhysAddress (RFC 2863 §6).
// A value of fixed size without heap; whatever a device sends, its text is hexadecimal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace itnxt {

class PhysAddress {
 public:
  // 6 of Ethernet, 8 of EUI-64, 20 of InfiniBand (RFC 4391 §9.1.1). Longer ones are cut.
  static constexpr std::size_t kMost = 20;

  PhysAddress() = default;
  explicit PhysAddress(std::span<const std::uint8_t> octets);

  [[nodiscard]] std::span<const std::uint8_t> octets() const {
    return std::span(octets_).first(size_);
  }
  // False: empty or all zero, as of interfaces that have none.
  [[nodiscard]] bool tells_anything() const;
  // "00:1c:73:b4:fd:69"; empty when there is none.
  [[nodiscard]] std::string text() const;
  bool operator==(const PhysAddress&) const = default;

 private:
  std::array<std::uint8_t, kMost> octets_{};  // zero behind size_
  std::uint8_t size_ = 0;
};

}  // namespace itnxt
