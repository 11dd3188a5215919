// The signals a daemon lives by, as events of the loop. Make Signals before any thread: threads
// inherit the blocked signals, and SIGTERM would end the process by one that did not. SIGPIPE is
// ignored. This program starts no other; what it did start would inherit both.
#pragma once

#include <csignal>
#include <functional>

#include "daemon/core/fd.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

enum class Signal {
  reload,     // SIGHUP
  terminate,  // SIGTERM, SIGINT
};

class Signals {
 public:
  Signals();   // throws std::system_error when the kernel has no fd left
  ~Signals();  // from then on they are ignored: a program that ends must not be ended by them
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Calls back for each signal; those that came before wait until now. Once per object.
  void deliver(Loop& loop, std::function<void(Signal)> callback);

 private:
  void read_all(const std::function<void(Signal)>& callback);

  Fd fd_;
  sigset_t before_{};
  struct sigaction pipe_before_ {};
  Watch watch_;
};

// A thread that is started under this guard never gets a signal: they are the loop's.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace itnxt
