// What a notification is a reason to look at: when its device is polled, and what comes of it.
#include <algorithm>
#include <utility>

#include "collectors/trap/receiver.hpp"

namespace itnxt::trap {
namespace {

constexpr Duration kTellNotPolledAgain = 10min;  // of one device

}  // namespace

bool TrapCollector::look(const Notification& note, const Senders::Found& devices) {
  const KnownTrap* const known = known_trap(note.oid.view());
  if (known == nullptr || known->look == Look::nothing) return false;
  if (known->look == Look::device) {  // it may have started anew, with other numbers
    for (const std::size_t device : devices) port_names_.forget(senders_.name(device));
  }
  bool asked = false;
  PollReason reason;
  reason.tables = known->look == Look::device;
  if (!reason.tables) reason.if_index = note.if_index;
  if (!reason.tables) reason.up = known->look == Look::link;
  for (const std::size_t device : devices) {
    const DeviceName& name = senders_.name(device);
    if (reason.up && context_.polls != nullptr &&
        context_.polls->knows(name, reason.if_index, *reason.up)) {
      continue;
    }
    if (pace_.ask(name, reason, context_.loop.now())) asked = poll(name, reason) || asked;
  }
  arm_pace();
  return asked;
}

bool TrapCollector::poll(const DeviceName& device, const PollReason& reason) {
  if (context_.polls != nullptr && context_.polls->poll_now(device, reason)) {
    ++totals_.polls;
    return true;
  }
  ++totals_.not_polled;
  const Instant now = context_.loop.now();
  const auto [told, fresh] = not_polled_told_.try_emplace(device, now);
  if (!fresh && now - told->second < kTellNotPolledAgain) return false;
  told->second = now;
  context_.log.warning(
      "a trap is a reason to poll its device, which no snmp collector of this process does; run "
      "both in one process",
      {{"collector", config_.name.text()}, {"device", device.text()}});
  return false;
}

void TrapCollector::seen(const DeviceName& device, const InterfaceStatus& now) {
  if (senders_.find(device)) port_names_.learn(device, now);
}

void TrapCollector::lost(const DeviceName& device, const InterfaceStatus& now) {
  seen(device, now);
  missing_.lost(device, now.if_index, context_.loop.now());
}

void TrapCollector::confirmed(const DeviceName& device) {
  report_aside();
  pace_.confirmed(device, context_.loop.now());
  pace_timer_.cancel();  // it may be due earlier now
  arm_pace();
}

// Asked once more at the end of the quiet time, without what was said: then the device is right.
void TrapCollector::contradicted(const DeviceName& device, std::uint32_t if_index) {
  report_aside();
  if (!senders_.find(device)) return;
  ++totals_.contradicted;
  PollReason reason;
  reason.if_index = if_index;
  if (pace_.ask(device, reason, context_.loop.now())) (void)poll(device, reason);
  arm_pace();
}

void TrapCollector::arm_pace() {
  if (pace_timer_) return;
  const auto next = pace_.next_due();
  if (!next) return;
  const Duration wait = std::max(Duration::zero(), *next - context_.loop.now());
  pace_timer_ = context_.loop.after(wait, [this] {
    pace_timer_.cancel();
    for (const PollPace::Due& due : pace_.take_due(context_.loop.now())) {
      (void)poll(due.device, due.reason);
    }
    arm_pace();
  });
}

}  // namespace itnxt::trap
