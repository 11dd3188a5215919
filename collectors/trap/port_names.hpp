// How devices' interfaces are called, for traps that name them by number only: what their pollers
// have said while they looked for us. Pure; bounded; the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "daemon/core/event.hpp"
#include "daemon/core/ids.hpp"

namespace itnxt::trap {

class PortNames {
 public:
  static constexpr std::size_t kMost = 4096;     // more: all are forgotten and learned anew
  static constexpr std::size_t kMostBytes = 64;  // of a name

  void learn(const DeviceName& device, const InterfaceStatus& port);
  // Empty: not known.
  [[nodiscard]] std::string of(const DeviceName& device, std::uint32_t if_index) const;
  // It may number its interfaces anew.
  void forget(const DeviceName& device);
  void forget_all() { names_.clear(); }

 private:
  std::map<std::pair<DeviceName, std::uint32_t>, std::string> names_;
};

}  // namespace itnxt::trap
