#include "daemon/io/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "daemon/core/host_port.hpp"

namespace itnxt {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

sockaddr_in6 to_sockaddr6(const Address& address) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(address.port);
  to.sin6_scope_id = address.scope;
  std::memcpy(&to.sin6_addr, address.ip.data(), address.ip.size());
  return to;
}

sockaddr_in to_sockaddr4(const Address& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  std::memcpy(&to.sin_addr, address.ip.data() + kMapped.size(), 4);
  return to;
}

bool Address::is_v4() const {
  return std::equal(kMapped.begin(), kMapped.end(), ip.begin());
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.is_v4()) {
    ::inet_ntop(AF_INET, address.ip.data() + kMapped.size(), text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, address.ip.data(), text, sizeof text);
  }
  return host_port_text(text, address.port);
}

std::optional<Address> numeric_address(const std::string& host, std::uint16_t port) {
  Address address;
  address.port = port;
  if (::inet_pton(AF_INET, host.c_str(), address.ip.data() + kMapped.size()) == 1) {
    std::copy(kMapped.begin(), kMapped.end(), address.ip.begin());
    return address;
  }
  const std::size_t percent = host.find('%');
  if (::inet_pton(AF_INET6, host.substr(0, percent).c_str(), address.ip.data()) != 1) {
    return std::nullopt;
  }
  if (percent != std::string::npos) {
    address.scope = ::if_nametoindex(host.substr(percent + 1).c_str());
    if (address.scope == 0) return std::nullopt;
  }
  return address;
}

Address from_sockaddr(const sockaddr_in6& from) {
  Address address;
  std::memcpy(address.ip.data(), &from.sin6_addr, address.ip.size());
  address.port = ntohs(from.sin6_port);
  address.scope = from.sin6_scope_id;
  return address;
}

Address from_sockaddr(const sockaddr_in& from) {
  Address address;
  std::copy(kMapped.begin(), kMapped.end(), address.ip.begin());
  std::memcpy(address.ip.data() + kMapped.size(), &from.sin_addr, 4);
  address.port = ntohs(from.sin_port);
  return address;
}

}  // namespace itnxt
