// How many series may be kept: a device gone mad, or a hostile node, must not take the place of the
// others. A subject is admitted with the most series it may expose, so that the limit is never
// passed. Thread: the loop's.
//
// The share of one device: it is refused what would leave less under a limit than it then holds
// itself. So k mad devices leave 1/2^k of a limit, and among sound ones nobody is refused before
// the limit is nearly reached. What the configuration names (devices, links, sites, the rows that
// are ends of links) is in whatever the limits say; it is finite, and it leaves less for the rest.
// Never more than limits + all that the configuration names, unless a limit was lowered or a device
// came over from another node: who is in stays in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/config/config.hpp"
#include "daemon/core/ids.hpp"

namespace itnxt {

// Lines of /metrics that one subject exposes at most (a test of the metrics room holds them
// against the exposition).
inline constexpr std::uint64_t kSeriesOfInterface = 18;
inline constexpr std::uint64_t kSeriesOfDevice = 17;
inline constexpr std::uint64_t kSeriesOfLink = 5;
inline constexpr std::uint64_t kSeriesOfSite = 1;
inline constexpr std::uint64_t kSeriesOfCapture = 68;
inline constexpr std::uint64_t kSeriesOfTalkers = 200;  // by the memory that they take
inline constexpr std::uint64_t kSeriesOfCollector = 6;
inline constexpr std::uint64_t kSeriesOfSnmpTotals = 14;

// The keys of aggregator.limits.
enum class Limit : std::uint8_t { series, series_per_node };

// What one poll of a device told and was refused, for the log.
struct RowsRefused {
  DeviceName device;
  NodeName node;            // whose collector polls it
  std::size_t refused = 0;  // interfaces
  std::size_t kept = 0;
  Limit limit = Limit::series;
};
// For people: what happened and which key to raise, without the fields above.
std::string describe(const RowsRefused& refused);

class Admission {
 public:
  explicit Admission(const Limits& limits) : limits_(limits) {}
  void set_limits(const Limits& limits) { limits_ = limits; }  // who is in stays in

  // Takes `series` for `node`. Else tells which limit is in the way, and counts them as refused.
  // `held`: what the same device was admitted with before.
  [[nodiscard]] std::optional<Limit> refuses(const NodeName& node, std::uint64_t series,
                                             std::uint64_t held);
  // The same for what is no device's.
  [[nodiscard]] bool admit(const NodeName& node, std::uint64_t series);
  // Takes them whatever the limits say: what the configuration names, or what moves between nodes.
  void take(const NodeName& node, std::uint64_t series);
  void release(const NodeName& node, std::uint64_t series);

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

 private:
  // `reserve`: what has to be left.
  std::optional<Limit> try_take(const NodeName& node, std::uint64_t series, std::uint64_t reserve);

  Limits limits_;
  std::uint64_t total_ = 0;
  std::uint64_t rejected_ = 0;
  std::map<NodeName, std::uint64_t> by_node_;  // no entry: none
};

}  // namespace itnxt
