#include "daemon/io/supervisor.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace itnxt {

Supervisor::Supervisor(Loop& loop, std::function<bool()> progressing)
    : loop_(loop), progressing_(std::move(progressing)) {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
  period_ = std::chrono::microseconds(microseconds / 2);
  arm();
}

void Supervisor::arm() {
  timer_ = loop_.after(period_, [this] {
    if (progressing_()) sd_notify(0, "WATCHDOG=1");
    arm();
  });
}

void Supervisor::ready() {
  sd_notify(0, "READY=1");
}

// MONOTONIC_USEC lets systemd tell this reload's READY=1 from an earlier one; the loop's clock is
// CLOCK_MONOTONIC, as sd_notify(3) wants.
void Supervisor::reloading() {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(loop_.now().time_since_epoch());
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count())).c_str());
}

void Supervisor::stopping() {
  sd_notify(0, "STOPPING=1");
}

void Supervisor::status(std::string_view text) {
  std::string line = "STATUS=" + std::string(text);
  std::replace(line.begin(), line.end(), '\n', ' ');  // a line end would begin another variable
  sd_notify(0, line.c_str());
}

}  // namespace itnxt
