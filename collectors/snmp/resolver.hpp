// Names to addresses on a thread of its own: getaddrinfo may take half a minute. Everything here is
// called on the loop's thread; answers come back on it too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "collectors/snmp/udp.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt::snmp {

class Resolver {
 public:
  using Lookup = std::function<Result<Address>(const std::string& host, std::uint16_t port)>;
  using Answer = std::function<void(std::size_t token, Result<Address> address)>;

  // `lookup` runs on the thread; system_lookup() unless a test brings its own. The thread starts
  // with the first question. Destroying the resolver waits for nothing: a lookup under way ends by
  // itself and its answer is dropped.
  Resolver(Loop& loop, Answer answer, Lookup lookup);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::size_t token, std::string host, std::uint16_t port);

 private:
  struct Shared;
  void start();
  void drain();
  Loop& loop_;
  Answer answer_;
  Lookup lookup_;
  std::shared_ptr<Shared> shared_;
  Watch watch_;
};

// By getaddrinfo, the system's preference first.
[[nodiscard]] Result<Address> system_lookup(const std::string& host, std::uint16_t port);

}  // namespace itnxt::snmp
