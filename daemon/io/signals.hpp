// The signals a daemon lives by, as events of the loop. Make it before any thread: threads inherit
// the blocked signals, and one that does not would be ended by SIGTERM. SIGPIPE is ignored; a
// child process must undo both before exec.
#pragma once

#include <csignal>
#include <functional>

#include "daemon/core/result.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

enum class Signal {
  reload,     // SIGHUP
  terminate,  // SIGTERM, SIGINT
};

class Signals {
 public:
  Signals();  // throws std::system_error when the kernel has no fd left
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Calls back for each signal; those that came before wait until now. Once per object.
  void deliver(Loop& loop, std::function<void(Signal)> callback);

 private:
  void read_all(const std::function<void(Signal)>& callback);

  int fd_ = -1;
  sigset_t before_{};
  struct sigaction pipe_before_ {};
  Watch watch_;
};

}  // namespace itnxt
