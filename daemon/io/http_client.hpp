// HTTP requests out. The interface, and HttpClient by libcurl on a thread of its own: name
// resolution, TLS and slow receivers never touch the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

struct HttpRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpAnswer {
  int status = 0;                       // 0: no answer
  std::string problem;                  // why there is none, for the log; names no URL
  std::optional<Duration> retry_after;  // as seconds only (RFC 9110 §10.2.3)
  std::string location;                 // where a redirect points to, as the receiver wrote it
  std::string body;                     // the first 64 KiB
  Duration took{};
};

// Two implementations: HttpClient and FakeHttp (tests/support). On the loop's thread.
class HttpPoster {
 public:
  using Done = std::function<void(HttpAnswer)>;
  virtual ~HttpPoster() = default;
  // POST. `done` is called once, later, unless the registration is destroyed before; the request
  // itself then may still reach its receiver.
  [[nodiscard]] virtual Registration post(HttpRequest request, Done done) = 0;
};

// http and https only, no redirects, no proxies from the environment, certificates are checked,
// connections are kept. Connecting takes 5 s at most, all of it 10 s. An answer whose status came
// counts even if its body breaks off or never ends.
class HttpClient final : public HttpPoster {
 public:
  static Result<std::unique_ptr<HttpClient>> start(Loop& loop);
  ~HttpClient() override;  // drops what is in flight
  [[nodiscard]] Registration post(HttpRequest request, Done done) override;

 private:
  struct World;
  explicit HttpClient(std::shared_ptr<World> world, Loop& loop);
  std::shared_ptr<World> world_;
  Watch completions_;
};

}  // namespace itnxt
