// What a device's poll shows to have changed since the poll before, as events. Pure.
//
//   interface_up, interface_down      ifOperStatus is up now and was not, or the other way round
//   device_up, device_down            a poll was answered, or a whole poll was not
//   device_restarted                  sysUpTime is less than the time that has passed allows
//
// What is seen for the first time has not changed. A row counts as the same port by ifIndex and
// ifName; 12 bytes are kept of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::snmp {

class Changes {
 public:
  // `sample` as it will be published, rows by ifIndex. In order: device, then interfaces.
  [[nodiscard]] std::vector<Event> see(const DeviceSample& sample, WallTime wall);
  // One interface, asked out of turn. Absent: it is as it was, or was never seen, or is another
  // port under the same number.
  [[nodiscard]] std::optional<Event> see(const DeviceName& device, const InterfaceStatus& now,
                                         SourceTime at, WallTime wall);
  // What a port was when it was seen last; absent: it did not say, or was never seen.
  [[nodiscard]] std::optional<bool> is_up(std::uint32_t if_index) const;

 private:
  struct Port {
    std::uint32_t if_index;
    std::uint32_t name;  // hash
    OperStatus oper;
  };
  struct Clock {
    TimeTicks uptime;
    SourceTime at;
  };
  void see_device(const DeviceSample& sample, const Event& form, std::vector<Event>& events);
  void see_ports(const DeviceSample& sample, const Event& form, std::vector<Event>& events);

  std::optional<bool> answers_;
  std::optional<Clock> clock_;
  std::vector<Port> ports_;  // by ifIndex
};

}  // namespace itnxt::snmp
