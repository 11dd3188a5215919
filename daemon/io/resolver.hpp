// Names to addresses on threads of its own: getaddrinfo may take half a minute, so a few run at a
// time. Everything here is called on the loop's thread; answers come back on it too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/core/result.hpp"
#include "daemon/io/address.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

class Resolver {
 public:
  using Lookup = std::function<Result<Address>(const std::string& host, std::uint16_t port)>;
  using Answer = std::function<void(std::size_t token, Result<Address> address)>;

  static constexpr std::size_t kThreads = 4;

  // `lookup` runs on the threads, several at once; system_lookup() unless a test brings its own. A
  // thread starts when a question finds none idle. Destroying the resolver waits for nothing: a
  // lookup under way ends by itself and its answer is dropped.
  Resolver(Loop& loop, Answer answer, Lookup lookup);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Without any thread to be had the answer, an error, is given within the call.
  void ask(std::size_t token, std::string host, std::uint16_t port);

 private:
  struct Shared;
  int open();
  int start_thread();
  void drain();
  Loop& loop_;
  Answer answer_;
  Lookup lookup_;
  std::shared_ptr<Shared> shared_;
  std::size_t threads_ = 0;
  Watch watch_;
};

// By getaddrinfo, the system's preference first.
[[nodiscard]] Result<Address> system_lookup(const std::string& host, std::uint16_t port);
[[nodiscard]] Result<Address> system_lookup4(const std::string& host, std::uint16_t port);
[[nodiscard]] Result<Address> system_lookup6(const std::string& host, std::uint16_t port);

}  // namespace itnxt
