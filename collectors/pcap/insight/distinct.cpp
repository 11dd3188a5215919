#include "collectors/pcap/insight/distinct.hpp"

#include <cmath>

namespace itnxt::pcap {

double Distinct::estimate() const {
  constexpr auto kCount = static_cast<double>(kRegisters);
  double inverse = 0;
  double empty = 0;
  for (const std::uint8_t rank : registers_) {
    inverse += std::ldexp(1.0, -rank);
    empty += rank == 0 ? 1 : 0;
  }
  const double raw = 0.7213 / (1 + 1.079 / kCount) * kCount * kCount / inverse;
  if (raw <= 2.5 * kCount && empty > 0) return kCount * std::log(kCount / empty);
  return raw;
}

}  // namespace itnxt::pcap
