// An HTTP server on a free loopback port that answers as the test says, one thread a connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace itnxt::test {

struct Received {
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct Reply {
  int status = 200;
  std::string headers;  // "Name: value\r\n" …
  std::string body;
  bool hang = false;        // never answers
  bool hang_after = false;  // says that a longer body follows, and never sends it
  std::chrono::milliseconds delay{0};
};

class TestServer {
 public:
  using Handler = std::function<Reply(const Received&)>;

  explicit TestServer(Handler handler = [](const Received&) { return Reply{}; })
      : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = static_cast<sockaddr*>(static_cast<void*>(&address));
    (void)::bind(listener_, raw, size);
    (void)::listen(listener_, 64);
    (void)::getsockname(listener_, raw, &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    stopped_.notify_all();
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& one : connections_) one.join();
    ::close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] std::vector<Received> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  [[nodiscard]] std::size_t count() const { return received().size(); }
  void answer_with(Handler handler) {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex_);
      if (stop_) {
        if (fd >= 0) ::close(fd);
        return;
      }
      if (fd < 0) continue;
      open_.insert(fd);
      connections_.emplace_back([this, fd] {
        serve(fd);
        const std::lock_guard closing(mutex_);
        open_.erase(fd);
        ::close(fd);
      });
    }
  }

  // Appends what comes; false when the peer is gone or the server stops.
  static bool more(int fd, std::string& data) {
    char buffer[16384];
    ssize_t got = 0;
    do {
      got = ::recv(fd, buffer, sizeof buffer, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) data.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  void serve(int fd) {
    std::string data;
    while (true) {
      std::size_t end = 0;
      while ((end = data.find("\r\n\r\n")) == std::string::npos) {
        if (!more(fd, data)) return;
      }
      Received request = parse(data.substr(0, end));
      data.erase(0, end + 4);
      const std::size_t length =
          static_cast<std::size_t>(std::atoll(request.headers["content-length"].c_str()));
      while (data.size() < length) {
        if (!more(fd, data)) return;
      }
      request.body = data.substr(0, length);
      data.erase(0, length);
      if (!answer(fd, request)) return;
    }
  }

  bool answer(int fd, const Received& request) {
    Handler handler;
    {
      const std::lock_guard lock(mutex_);
      received_.push_back(request);
      handler = handler_;
    }
    const Reply reply = handler(request);
    if (reply.hang) return wait_for_stop();
    if (reply.delay.count() > 0) {
      std::unique_lock lock(mutex_);
      if (stopped_.wait_for(lock, reply.delay, [this] { return stop_; })) return false;
    }
    const std::size_t promised = reply.body.size() + (reply.hang_after ? 100 : 0);
    const std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\n" + reply.headers +
                             "Content-Length: " + std::to_string(promised) + "\r\n\r\n" +
                             reply.body;
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return reply.hang_after ? wait_for_stop() : true;
  }

  bool wait_for_stop() {
    std::unique_lock lock(mutex_);
    stopped_.wait(lock, [this] { return stop_; });
    return false;
  }

  static Received parse(const std::string& head) {
    Received request;
    std::size_t at = head.find("\r\n");
    const std::string line = head.substr(0, at);
    const std::size_t path = line.find(' ') + 1;
    request.path = line.substr(path, line.find(' ', path) - path);
    while (at != std::string::npos) {
      const std::size_t begin = at + 2;
      at = head.find("\r\n", begin);
      const std::string one = head.substr(begin, at == std::string::npos ? at : at - begin);
      const std::size_t colon = one.find(':');
      if (colon == std::string::npos) continue;
      std::string name = one.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers[name] = one.substr(std::min(colon + 2, one.size()));
    }
    return request;
  }

  mutable std::mutex mutex_;
  Handler handler_;
  std::vector<Received> received_;
  std::set<int> open_;  // connections
  bool stop_ = false;
  std::condition_variable stopped_;
  int listener_;
  int port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> connections_;
};

}  // namespace itnxt::test
