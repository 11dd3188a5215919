// Datagrams of all devices through one non-blocking socket, many at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "collectors/snmp_protocol/ber.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/address.hpp"

namespace itnxt::snmp {

class UdpSocket {
 public:
  static constexpr std::size_t kBatch = 64;
  struct Datagram {
    Address peer;
    ByteView bytes;
  };
  struct Sent {
    std::size_t count = 0;  // handed to the kernel, from the front
    int error = 0;          // errno of the one behind; 0: all sent
  };

  // Dual-stack IPv6 where the host has it, else IPv4; with the largest receive buffer the host
  // allows, since all devices may answer at once.
  [[nodiscard]] static Result<UdpSocket> open();
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // At most kBatch.
  [[nodiscard]] Sent send(std::span<const Datagram> datagrams);
  // Up to kBatch of what has arrived, each valid during its call; how many, or -errno.
  [[nodiscard]] int receive(const std::function<void(const Datagram&)>& each);

 private:
  struct Buffers;
  UdpSocket(Fd fd, bool v6);
  Fd fd_;
  bool v6_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace itnxt::snmp
