// How many series may be kept: a device gone mad, or a hostile node, must not take the place of the
// others. A subject is admitted with the most series it may expose, so that the limit is never
// passed. Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>

#include "daemon/config/config.hpp"
#include "daemon/core/ids.hpp"

namespace itnxt {

// Lines of /metrics that one subject exposes at most (a test of the metrics room holds them
// against the exposition).
inline constexpr std::uint64_t kSeriesOfInterface = 18;
inline constexpr std::uint64_t kSeriesOfDevice = 10;
inline constexpr std::uint64_t kSeriesOfLink = 5;
inline constexpr std::uint64_t kSeriesOfSite = 1;
inline constexpr std::uint64_t kSeriesOfCapture = 42;
inline constexpr std::uint64_t kSeriesOfCollector = 4;

class Admission {
 public:
  explicit Admission(const Limits& limits) : limits_(limits) {}
  void set_limits(const Limits& limits) { limits_ = limits; }  // who is in stays in

  // Takes `series` for `node`; false, and counted as refused, when a limit would be passed.
  [[nodiscard]] bool admit(const NodeName& node, std::uint64_t series);
  // Takes them whatever the limits say: what the configuration names, or what moves between nodes.
  void take(const NodeName& node, std::uint64_t series);
  void release(const NodeName& node, std::uint64_t series);

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

 private:
  Limits limits_;
  std::uint64_t total_ = 0;
  std::uint64_t rejected_ = 0;
  std::map<NodeName, std::uint64_t> by_node_;  // no entry: none
};

}  // namespace itnxt
