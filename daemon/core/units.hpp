// Numbers with their unit as type: what does not fit together does not compile.
#pragma once

#include <compare>
#include <cstdint>

#include "daemon/core/time.hpp"

namespace itnxt {

template <class Tag, class Rep>
class Quantity {
 public:
  constexpr Quantity() = default;
  explicit constexpr Quantity(Rep count) : count_(count) {}
  [[nodiscard]] constexpr Rep count() const { return count_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity& operator+=(Quantity other) {
    count_ += other.count_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.count_ - b.count_);
  }

 private:
  Rep count_{};
};

using Bytes = Quantity<struct BytesTag, std::uint64_t>;
using Packets = Quantity<struct PacketsTag, std::uint64_t>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag, double>;
using PacketsPerSecond = Quantity<struct PacketsPerSecondTag, double>;
using Ratio = Quantity<struct RatioTag, double>;  // 0..1, more where a counter overshoots

// IF-MIB counts speed in bit/s, Prometheus in bytes: the only place where the two meet.
constexpr BytesPerSecond bits_per_second(double bits) {
  return BytesPerSecond(bits / 8.0);
}

// Precondition: elapsed > 0, whole > 0.
constexpr BytesPerSecond per_second(Bytes amount, Duration elapsed) {
  return BytesPerSecond(static_cast<double>(amount.count()) / seconds(elapsed));
}
constexpr PacketsPerSecond per_second(Packets amount, Duration elapsed) {
  return PacketsPerSecond(static_cast<double>(amount.count()) / seconds(elapsed));
}
constexpr Ratio utilization(BytesPerSecond rate, BytesPerSecond capacity) {
  return Ratio(rate.count() / capacity.count());
}

}  // namespace itnxt
