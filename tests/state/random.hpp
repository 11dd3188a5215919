// Cheap random numbers for models that live a million lives; rapidcheck draws the seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace itnxt::test {

// splitmix64: two nanoseconds a number.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
  }
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(end));
  }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  template <class T, std::size_t n>
  T pick(const T (&of)[n]) {
    return of[static_cast<std::size_t>(below(n))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace itnxt::test
