// HOST:PORT as text. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace itnxt {

// "10.0.0.1:161", "[2001:db8::1]:161" (RFC 3986 §3.2.2); `host` without brackets.
inline std::string host_port_text(std::string_view host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  std::string text = v6 ? "[" : "";
  return text.append(host).append(v6 ? "]:" : ":").append(std::to_string(port));
}

}  // namespace itnxt
