// Where a datagram goes or comes from, of either family, as one value.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace itnxt {

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
[[nodiscard]] sockaddr_in6 to_sockaddr6(const Address& address);
[[nodiscard]] sockaddr_in to_sockaddr4(const Address& address);  // its last four bytes

struct AddressHash {
  std::size_t operator()(const Address& address) const noexcept {
    const auto* ip = reinterpret_cast<const char*>(address.ip.data());
    return std::hash<std::string_view>{}({ip, address.ip.size()}) ^
           (std::size_t{address.port} * 0x9E3779B1U);
  }
};

}  // namespace itnxt
