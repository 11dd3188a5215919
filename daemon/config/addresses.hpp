// Where things are: hosts, HOST:PORT, ZeroMQ endpoints, URLs. Text → value, strictly; nothing is
// resolved. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"

namespace itnxt {

struct HostPort {
  std::string host;  // IPv4, IPv6 without brackets, or a DNS name
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// IPv4, [IPv6] or a name, optionally with :PORT (1..65535); without, `default_port`.
Result<HostPort> parse_address(std::string_view text, std::uint16_t default_port);

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

// ADDRESS/LENGTH of IPv4 or IPv6; a bit behind the length is an error.
Result<Cidr> parse_cidr(std::string_view text);

// 127.0.0.0/8, ::1, localhost.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace itnxt
