#include "daemon/ctl/http_get.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/core/fd.hpp"
#include "daemon/core/version.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::string_view kHint = "is itnxtd running? (--url names another)";

// The whole exchange's deadline is a timer of the kernel: a tool has no loop to ask for the time.
Fd start_timer(Duration timeout) {
  Fd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  itimerspec spec{};
  spec.it_value.tv_sec = std::chrono::floor<std::chrono::seconds>(timeout).count();
  spec.it_value.tv_nsec = (timeout % std::chrono::seconds(1)).count();
  timerfd_settime(timer.get(), 0, &spec, nullptr);
  return timer;
}

// A host's addresses. `done` is readable when run() on another thread has ended.
struct Lookup {
  explicit Lookup(const Url& url) : host(url.host), port(std::to_string(url.port)) {}
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup() {
    if (found != nullptr) freeaddrinfo(found);
  }
  void run(int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  }

  const std::string host, port;
  const Fd done{eventfd(0, EFD_CLOEXEC)};
  int error = 0;
  addrinfo* found = nullptr;
};

class Exchange {
 public:
  Exchange(const Url& url, std::string_view path, const HttpLimits& limits, int cancel)
      : url_(url),
        path_(path),
        limits_(limits),
        cancel_(cancel),
        timer_(start_timer(limits.timeout)) {}

  Result<HttpResponse> run() {
    const Status connected = connect_any();
    if (!connected) return Error{connected.error()};
    const Status sent = send_request();
    if (!sent) return Error{sent.error()};
    return receive();
  }

 private:
  [[nodiscard]] Error at(std::string_view what) const {
    return Error{fmt::format("{}{}: {}", url_.text(), path_, what)};
  }
  [[nodiscard]] Error unreachable(std::string_view why) const {
    return Error{fmt::format("{}: cannot be reached: {}: {}", url_.text(), why, kHint)};
  }

  Status wait(short events) { return wait(socket_.get(), events, "no answer"); }
  Status wait(int fd, short events, std::string_view missing) {
    std::array<pollfd, 3> fds = {pollfd{fd, events, 0}, pollfd{timer_.get(), POLLIN, 0},
                                 pollfd{cancel_, POLLIN, 0}};
    while (poll(fds.data(), fds.size(), -1) < 0) {
      if (errno != EINTR) return at(errno_text(errno));
    }
    if (fds[2].revents != 0) return at("interrupted");
    if (fds[1].revents == 0) return {};  // a peer that trickles is always ready: the timer first
    return at(fmt::format(
        "{} within {}: {} (--url names another)", missing, to_text(limits_.timeout),
        fd == socket_.get() ? "is itnxtd overloaded?" : "is the name server reachable?"));
  }

  // An address at once; a name on a thread of its own, because a name server may be silent for
  // long.
  Status look_up() {
    lookup_ = std::make_shared<Lookup>(url_);
    lookup_->run(AI_NUMERICHOST);
    if (lookup_->error != EAI_NONAME) return {};
    try {
      std::thread([lookup = lookup_] {
        lookup->run(0);
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t told = write(lookup->done.get(), &one, sizeof one);
      }).detach();  // it owns what it writes to, and ends with the process
    } catch (const std::system_error& e) {
      return unreachable(e.what());
    }
    Status found = wait(lookup_->done.get(), POLLIN, "the host's name was not resolved");
    if (!found) return found;
    std::uint64_t count = 0;
    if (read(lookup_->done.get(), &count, sizeof count) < 0) return at(errno_text(errno));
    return {};
  }

  Status connect_any() {
    Status looked_up = look_up();
    if (!looked_up) return looked_up;
    if (lookup_->error != 0) return unreachable(gai_strerror(lookup_->error));
    std::string why = "no address";
    for (const addrinfo* a = lookup_->found; a != nullptr; a = a->ai_next) {
      socket_ = Fd(socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (socket_.get() < 0) {
        why = errno_text(errno);
        continue;
      }
      if (connect(socket_.get(), a->ai_addr, a->ai_addrlen) == 0) return {};
      int result = errno;
      if (result == EINPROGRESS) {
        Status ready = wait(POLLOUT);
        if (!ready) return ready;
        socklen_t size = sizeof result;
        getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &result, &size);
        if (result == 0) return {};
      }
      why = errno_text(result);
    }
    return unreachable(why);
  }

  Status send_request() {
    const std::string request = fmt::format(
        "GET {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: itnxtctl/{}\r\n"
        "Accept: application/json\r\nConnection: close\r\n\r\n",
        url_.prefix, path_, url_.authority(), kVersion);
    std::string_view left = request;
    while (!left.empty()) {
      const ssize_t sent = send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        left.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        Status ready = wait(POLLOUT);
        if (!ready) return ready;
      } else if (errno != EINTR) {
        return at(fmt::format("the request could not be sent: {}", errno_text(errno)));
      }
    }
    return {};
  }

  Result<HttpResponse> receive() {
    HttpResponseReader reader(limits_.max_body);
    std::vector<char> buffer(std::size_t{64} << 10U);
    while (!reader.done()) {
      const Status ready = wait(POLLIN);
      if (!ready) return Error{ready.error()};
      const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (got < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return at(fmt::format("the answer broke off: {}", errno_text(errno)));
      }
      const Status taken =
          got == 0 ? reader.finish() : reader.feed({buffer.data(), static_cast<std::size_t>(got)});
      if (!taken) return at(fmt::format("the answer {}", taken.error()));
    }
    return reader.take();
  }

  const Url& url_;
  const std::string_view path_;
  const HttpLimits& limits_;
  const int cancel_;
  Fd timer_;
  std::shared_ptr<Lookup> lookup_;
  Fd socket_;
};

}  // namespace

Result<HttpResponse> http_get(const Url& url, std::string_view path, const HttpLimits& limits,
                              int cancel) {
  return Exchange(url, path, limits, cancel).run();
}

}  // namespace itnxt::ctl
