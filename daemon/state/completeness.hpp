// Whether a row that a walk lacks is really gone: a walk that an agent or the network cut short
// looks like a device that lost its ports. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/core/sample.hpp"

namespace itnxt {

class Completeness {
 public:
  // The walk reached the table's end, and ifNumber does not object: it is as many as there are
  // rows, or off by as much as it always was (devices that count what they do not show, or show
  // what they do not count).
  [[nodiscard]] bool is_whole(const DeviceSample& sample, std::size_t rows) const;

  // The walk is whole, and the device does not say that nothing changed:
  //   ifTableLastChange  not unchanged since all rows were there, unless ifNumber did change
  //                      (agents that leave it at zero) or the device restarted
  [[nodiscard]] bool believes(const DeviceSample& sample, std::size_t rows, bool restarted) const;

  // What the device said when every port known was there, or those that were not are gone.
  void learn(const DeviceSample& sample, std::size_t rows);

 private:
  std::optional<std::uint32_t> if_number_;
  std::optional<TimeTicks> last_change_;
  std::optional<std::int64_t> surplus_;  // rows beyond ifNumber
};

}  // namespace itnxt
