// A device's counter as the device counts it, and why a rate may be withheld.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace itnxt {

enum class CounterWidth : std::uint8_t { bits32, bits64 };

// Absolute, never a delta: a lost sample costs resolution, not correctness.
struct Counter {
  std::uint64_t value = 0;
  CounterWidth width = CounterWidth::bits64;
  bool operator==(const Counter&) const = default;
};

// The counters of one interface. Names: IF-MIB (RFC 2863).
enum class Column : std::uint8_t {
  in_octets,
  out_octets,
  in_unicast_packets,
  out_unicast_packets,
  in_multicast_packets,
  out_multicast_packets,
  in_broadcast_packets,
  out_broadcast_packets,
  in_errors,
  out_errors,
  in_discards,
  out_discards,
};
inline constexpr std::size_t kColumns = 12;
constexpr std::size_t index(Column c) {
  return static_cast<std::size_t>(c);
}

// Counters by column; a column the device does not offer is absent, not zero. 104 bytes, no heap.
class CounterSet {
 public:
  [[nodiscard]] std::optional<Counter> get(Column c) const {
    if (!present_[index(c)]) return std::nullopt;
    return Counter{values_[index(c)],
                   wide_[index(c)] ? CounterWidth::bits64 : CounterWidth::bits32};
  }
  void set(Column c, Counter counter) {
    values_[index(c)] = counter.value;
    present_.set(index(c));
    wide_.set(index(c), counter.width == CounterWidth::bits64);
  }
  [[nodiscard]] bool empty() const { return present_.none(); }
  bool operator==(const CounterSet&) const = default;

 private:
  std::array<std::uint64_t, kColumns> values_{};
  std::bitset<kColumns> present_;
  std::bitset<kColumns> wide_;
};

// Why there is no rate between two samples. Label values of itnxt_interface_gaps_total{reason}.
enum class Gap : std::uint8_t {
  first,          // a counter's first value tells nothing (RFC 2578 §7.1.6)
  reset,          // the device rebooted in between
  wrap,           // a 32-bit counter may have wrapped more than once
  discontinuity,  // ifCounterDiscontinuityTime moved, or a 64-bit counter went back
  implausible,    // more than the line can carry
  late,           // double, early or out of order: no honest time between the two
};
inline constexpr std::size_t kGaps = 6;
inline constexpr std::array<std::string_view, kGaps> kGapNames = {
    "first", "reset", "wrap", "discontinuity", "implausible", "late"};
constexpr std::string_view name(Gap gap) {
  return kGapNames[static_cast<std::size_t>(gap)];
}

}  // namespace itnxt
