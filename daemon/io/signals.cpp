#include "daemon/io/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace itnxt {
namespace {

constexpr std::array kOurs = {SIGHUP, SIGTERM, SIGINT};

}  // namespace

Signals::Signals() {
  sigset_t mine;
  sigemptyset(&mine);
  for (const int signal : kOurs) sigaddset(&mine, signal);
  pthread_sigmask(SIG_BLOCK, &mine, &before_);
  fd_.reset(signalfd(-1, &mine, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.is_open()) throw std::system_error(errno, std::generic_category(), "signalfd");
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
}

Signals::~Signals() {
  watch_.cancel();
  sigaction(SIGPIPE, &pipe_before_, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;  // what is pending is forgotten with it
  for (const int signal : kOurs) sigaction(signal, &ignore, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::deliver(Loop& loop, std::function<void(Signal)> callback) {
  watch_ = loop.watch(fd_.get(), Interest::readable,
                      [this, callback = std::move(callback)] { read_all(callback); });
}

// The kernel folds a signal that is pending into one, so this ends.
void Signals::read_all(const std::function<void(Signal)>& callback) {
  signalfd_siginfo info{};
  while (read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    callback(info.ssi_signo == SIGHUP ? Signal::reload : Signal::terminate);
  }
}

}  // namespace itnxt
