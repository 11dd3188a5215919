// What systemd is told (sd_notify(3)) and asked (sd_watchdog_enabled(3)). Outside a unit of
// Type=notify every call does nothing.
#pragma once

#include <functional>
#include <string_view>

#include "daemon/io/loop.hpp"

namespace itnxt {

class Supervisor {
 public:
  // `progressing` is asked before each sign of life to the watchdog, twice per WatchdogSec; when it
  // says no the sign is withheld, and systemd restarts the service. That the loop turns at all is
  // implied. `loop` outlives this object.
  Supervisor(Loop& loop, std::function<bool()> progressing);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void ready();
  void reloading();  // followed by ready()
  void stopping();
  // One line for `systemctl status`.
  void status(std::string_view text);

 private:
  void arm();

  Loop& loop_;
  const std::function<bool()> progressing_;
  Duration period_{};  // between signs of life
  Timer timer_;
};

}  // namespace itnxt
