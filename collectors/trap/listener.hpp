// The port at which notifications arrive: one non-blocking UDP socket, of both families where the
// address is [::] and the host has IPv6.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "collectors/snmp_protocol/ber.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/address.hpp"

namespace itnxt::trap {

class Listener {
 public:
  static constexpr std::size_t kBatch = 32;
  struct Datagram {
    Address peer;
    Address here;  // to which it came: an answer goes out from there; scope: the interface
    snmp::ByteView bytes;
  };

  // `host`: a numeric address. With the largest receive buffer that the host allows.
  [[nodiscard]] static Result<Listener> open(const std::string& host, std::uint16_t port);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Where it is bound, for port 0.
  [[nodiscard]] std::uint16_t port() const;
  // Up to kBatch of what has arrived, each valid during its call; how many, or -errno.
  [[nodiscard]] int receive(const std::function<void(const Datagram&)>& each);
  // False: the kernel takes it not now; who asked will ask again.
  bool reply(const Datagram& to, snmp::ByteView bytes);
  // Datagrams that the kernel dropped for want of room, as of the last one received.
  [[nodiscard]] std::uint64_t drops() const { return drops_; }

 private:
  struct Buffers;
  Listener(Fd fd, bool v6);
  Fd fd_;
  bool v6_;
  std::uint64_t drops_ = 0;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace itnxt::trap
