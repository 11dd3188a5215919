// Datagrams of all devices through one non-blocking socket, many at a time.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collectors/snmp/ber.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"

namespace itnxt::snmp {

// An IPv6 address, IPv4 as ::ffff:a.b.c.d, and a port.
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  // of a link-local address; no part of the identity
  bool operator==(const Address& other) const { return ip == other.ip && port == other.port; }
  [[nodiscard]] bool is_v4() const;
};
// "127.0.0.1:161", "[fe80::1]:161"
[[nodiscard]] std::string to_text(const Address& address);
// A numeric address (IPv4, IPv6 with or without %interface). Absent: it is a name, or no interface
// of that name is there now; the resolver says which, and sees one that comes.
[[nodiscard]] std::optional<Address> numeric_address(const std::string& host, std::uint16_t port);
[[nodiscard]] Address from_sockaddr(const sockaddr_in6& from);
[[nodiscard]] Address from_sockaddr(const sockaddr_in& from);

struct AddressHash {
  std::size_t operator()(const Address& address) const noexcept {
    const auto* ip = reinterpret_cast<const char*>(address.ip.data());
    return std::hash<std::string_view>{}({ip, address.ip.size()}) ^
           (std::size_t{address.port} * 0x9E3779B1U);
  }
};

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
