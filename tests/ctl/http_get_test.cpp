#include "daemon/ctl/http_get.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <thread>

// Stands before libc's: a name server that never answers, for one name.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  using Original = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto original = reinterpret_cast<Original>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool numeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (!numeric && std::string_view(name) == "silent.invalid") {
    for (pollfd none{-1, 0, 0};;) poll(&none, 1, -1);
  }
  return original(name, service, hints, found);
}

namespace itnxt::ctl {
namespace {

// Takes one connection on a port of its own, reads the request's head, writes `answer`; then
// closes, or keeps the connection open until the object goes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool close_after = true) : listener_(listen_on_any()) {
    socklen_t size = sizeof address_;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
    server_ = std::thread([this, answer = std::move(answer), close_after] {
      peer_ = accept(listener_, nullptr, nullptr);
      std::array<char, 4096> buffer{};
      while (request_.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(peer_, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        request_.append(buffer.data(), static_cast<std::size_t>(got));
      }
      send(peer_, answer.data(), answer.size(), MSG_NOSIGNAL);
      if (close_after) shutdown(peer_, SHUT_RDWR);
    });
  }
  ~OneAnswer() {
    join();
    close(peer_);
    close(listener_);
  }
  void join() {
    if (server_.joinable()) server_.join();
  }
  [[nodiscard]] Url url() const { return {"127.0.0.1", ntohs(address_.sin_port), "/itnxt"}; }
  [[nodiscard]] const std::string& request() const { return request_; }

  static int listen_on_any() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any);
    listen(fd, 1);
    return fd;
  }

 private:
  const int listener_;
  sockaddr_in address_{};
  int peer_ = -1;
  std::string request_;
  std::thread server_;
};

TEST(HttpGet, AsksAndReads) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  const auto response = http_get(server.url(), "/api/v1/links");
  ASSERT_TRUE(response) << response.error();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  server.join();
  EXPECT_TRUE(server.request().starts_with(
      "GET /itnxt/api/v1/links HTTP/1.1\r\nHost: " + server.url().authority() + "\r\n"))
      << server.request();
}

TEST(HttpGet, NothingListens) {
  const int fd = OneAnswer::listen_on_any();
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  const Url url{"127.0.0.1", ntohs(address.sin_port), ""};
  const auto response = http_get(url, "/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(), url.text() +
                                  ": cannot be reached: Connection refused: is itnxtd running? "
                                  "(--url names another)");
}

TEST(HttpGet, NoSuchHost) {
  const auto response = http_get({"no-such-host.invalid", 80, ""}, "/");
  ASSERT_FALSE(response);
  EXPECT_TRUE(response.error().starts_with("http://no-such-host.invalid:80: cannot be reached: "));
  EXPECT_TRUE(response.error().ends_with(": is itnxtd running? (--url names another)"));
}

TEST(HttpGet, SilentNameServer) {
  const auto response = http_get({"silent.invalid", 80, ""}, "/x", {50ms, 1000});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(),
            "http://silent.invalid:80/x: the host's name was not resolved within 50ms: is the name "
            "server reachable? (--url names another)");
  const int cancel = eventfd(1, EFD_CLOEXEC);
  const auto cancelled = http_get({"silent.invalid", 80, ""}, "/x", {}, cancel);
  close(cancel);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error(), "http://silent.invalid:80/x: interrupted");
}

TEST(HttpGet, SilentServer) {
  const OneAnswer server("", false);
  const auto response = http_get(server.url(), "/x", {50ms, 1000});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(), server.url().text() +
                                  "/x: no answer within 50ms: is itnxtd overloaded? (--url names "
                                  "another)");
}

TEST(HttpGet, AnswerThatStopsShort) {
  const OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
  const auto response = http_get(server.url(), "/x");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(),
            server.url().text() + "/x: the answer ended early, after 4 bytes of its body");
}

TEST(HttpGet, AnswerTooLarge) {
  const OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
  const auto response = http_get(server.url(), "/x", {5s, 1000});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(), server.url().text() + "/x: the answer is larger than 1000 bytes");
}

TEST(HttpGet, CancelEndsTheWait) {
  const OneAnswer server("", false);
  const int cancel = eventfd(1, EFD_CLOEXEC);
  const auto response = http_get(server.url(), "/x", {}, cancel);
  close(cancel);
  // The request must arrive for the server's thread to end.
  if (response) FAIL();
  EXPECT_EQ(response.error(), server.url().text() + "/x: interrupted");
}

}  // namespace
}  // namespace itnxt::ctl
