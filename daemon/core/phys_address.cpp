#include "daemon/core/phys_address.hpp"

#include <algorithm>

namespace itnxt {

PhysAddress::PhysAddress(std::span<const std::uint8_t> octets)
    : size_(static_cast<std::uint8_t>(std::min(octets.size(), kMost))) {
  std::copy_n(octets.begin(), size_, octets_.begin());
}

bool PhysAddress::tells_anything() const {
  return std::ranges::any_of(octets(), [](std::uint8_t octet) { return octet != 0; });
}

std::string PhysAddress::text() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size_ * std::size_t{3});
  for (const std::uint8_t octet : octets()) {
    if (!text.empty()) text += ':';
    text += kDigits[octet >> 4U];
    text += kDigits[octet & 0x0FU];
  }
  return text;
}

}  // namespace itnxt
