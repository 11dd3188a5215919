// What a device's poll shows to have changed since the poll before, as events. Pure.
//
//   interface_up, interface_down      ifOperStatus is up now and was not, or the other way round
//   device_up, device_down            a poll was answered, or a whole poll was not
//   device_restarted                  sysUpTime is less than the time that has passed allows
//
// What is seen for the first time has not changed. A row counts as the same port by ifIndex and
// ifName; 12 bytes are kept of each. A collector that starts anew goes on from its predecessor's
// memory: what has changed meanwhile is told when its first poll shows it, but for restarts, since
// the clocks of two processes cannot be compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

  // For a later process, as text; nothing while it has not changed since the last call.
  [[nodiscard]] std::optional<std::string> take_memory();
  [[nodiscard]] bool knows_nothing() const { return !answers_ && ports_.empty(); }
  // Precondition: knows_nothing(). False: it is no memory, and nothing is taken of it.
  bool recall(std::string_view memory);

 private:
  struct Port {
    std::uint32_t if_index;
    std::uint32_t name;  // hash
    OperStatus oper;
    bool operator==(const Port&) const = default;
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
  bool is_news_ = false;     // for a later process
};

}  // namespace itnxt::snmp
