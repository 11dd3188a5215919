// What the trap collector tells: a notification as an event, and its own figures. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/trap/ignored.hpp"
#include "collectors/trap/notification.hpp"
#include "daemon/core/event.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::trap {

// "linkDown of md-core-1: interface Te0/0/1 (5)". `device` empty: nobody knows whose it is, or,
// with `candidates`, which of them. It tells of no state: interface and answers stay unset.
[[nodiscard]] Event event_of(const Notification& note, const DeviceName& device,
                             const std::vector<std::string>& candidates, const Address& from);
// Puts the name into an event of event_of() that has only the number of the interface.
void name_interface(Event& event, std::uint32_t if_index, const std::string& if_name);
// A device's loss of a link that no trap told: kind trap_missing. `if_name` may be empty.
[[nodiscard]] Event missing_event(const DeviceName& device, std::uint32_t if_index,
                                  const std::string& if_name);
// Notifications that were too many to tell one by one: kind trap_storm.
[[nodiscard]] Event storm_event(const std::string& sender, const DeviceName& device,
                                std::uint64_t withheld);

struct Totals {
  std::array<std::array<std::uint64_t, 2>, 3> received{};  // by Version; traps, informs
  std::array<std::uint64_t, kReasons> ignored{};
  std::uint64_t duplicates = 0;
  std::uint64_t withheld = 0;
  std::uint64_t kernel_drops = 0;
  std::uint64_t polls = 0;         // that they caused
  std::uint64_t not_polled = 0;    // of devices that nobody here polls
  std::uint64_t contradicted = 0;  // by the device that was polled
  std::uint64_t unanswered = 0;    // informs that the kernel let nobody answer
  bool listening = false;
};
// Without their time and interval.
[[nodiscard]] SeriesSample figures_of(const Totals& totals);
[[nodiscard]] SeriesSample missing_of(const DeviceName& device, std::uint64_t missing);

}  // namespace itnxt::trap
