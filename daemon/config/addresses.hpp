// Where things are: hosts, HOST:PORT, ZeroMQ endpoints, URLs. Text → value, strictly; nothing is
// resolved. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"

namespace itnxt {

struct HostPort {
  std::string host;  // IPv4, IPv6 without brackets, or a DNS name
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// IPv4, [IPv6] or a name, optionally with :PORT (1..65535); without, `default_port`.
Result<HostPort> parse_address(std::string_view text, std::uint16_t default_port);

// ADDRESS/LENGTH of IPv4 or IPv6, with no bits behind the length.
struct Cidr {
  std::array<std::uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2)
  std::uint8_t length = 0;                 // of 128
};
Result<Cidr> parse_cidr(std::string_view text);

// HOST:PORT to listen on; port 0 lets the system choose.
Result<HostPort> parse_listen(std::string_view text);

// A ZeroMQ endpoint of this release: ipc://PATH, ipc://@NAME (Linux abstract) or tcp://HOST:PORT.
struct Endpoint {
  bool ipc = false;
  std::string path;  // of ipc
  HostPort tcp;
  bool operator==(const Endpoint&) const = default;
};
Result<Endpoint> parse_endpoint(std::string_view text, bool listening);

struct HttpUrl {
  bool tls = false;
  HostPort to;
  bool operator==(const HttpUrl&) const = default;
};
// http:// or https://, without user:password (they would end up in logs) and without fragment.
Result<HttpUrl> parse_http_url(std::string_view text);

// Whether other hosts have to do with this ZeroMQ endpoint: tcp, but not of the loopback.
[[nodiscard]] bool leaves_this_host(std::string_view endpoint);

// 127.0.0.0/8, ::1, localhost.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace itnxt
