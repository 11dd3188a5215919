// ICMP echoes to all targets of one family through one non-blocking socket, many at a time: a ping
// socket (icmp(7)) where net.ipv4.ping_group_range lets us, else a raw one, which takes
// CAP_NET_RAW. The loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "collectors/probe/icmp.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/address.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/privileged.hpp"

namespace itnxt::probe {

class EchoSocket {
 public:
  static constexpr std::size_t kBatch = 64;
  struct Request {
    Address to;
    std::uint16_t sequence = 0;
    Bytes8 token{};
    std::uint8_t dscp = 0;
  };
  struct Events {
    // `at`: when the kernel took it in. The token is to be held against the request's.
    std::function<void(const Echo& echo, const Address& from, Instant at)> answered;
    std::function<void(const EchoFailed& failed)> failed;
    // A request of the batch that send() was given did not leave.
    std::function<void(std::size_t request, Outcome why)> refused;
  };

  // The error says what to do.
  [[nodiscard]] static Result<std::unique_ptr<EchoSocket>> open(Loop& loop, Privileged& privileged,
                                                                bool v6, Events events);
  ~EchoSocket();
  EchoSocket(const EchoSocket&) = delete;
  EchoSocket& operator=(const EchoSocket&) = delete;

  // At most kBatch.
  void send(std::span<const Request> requests);

 private:
  struct Buffers;
  EchoSocket(Loop& loop, bool v6, bool raw, Fd fd, Events events);
  void watch();
  void receive();
  void take(std::span<const std::uint8_t> packet, const Address& from, Instant at);
  void drain_errors();
  void read_error(const struct msghdr& message, std::span<const std::uint8_t> original);
  void fill(std::size_t slot, const Request& request);

  Loop& loop_;
  const bool v6_;
  const bool raw_;
  std::uint16_t ident_;
  Fd fd_;
  Events events_;
  std::unique_ptr<Buffers> buffers_;
  Watch watch_;
};

}  // namespace itnxt::probe
