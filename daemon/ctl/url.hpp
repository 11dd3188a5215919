// Where an aggregator answers: `http://HOST[:PORT][/PREFIX]`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/host_port.hpp"
#include "daemon/core/result.hpp"

namespace itnxt::ctl {

struct Url {
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 80;
  std::string prefix;  // "" or "/itnxt", never ending in '/'

  // "http://[::1]:9690", for messages and the Host header's value.
  [[nodiscard]] std::string authority() const { return host_port_text(host, port); }
  [[nodiscard]] std::string text() const { return "http://" + authority() + prefix; }
};

// Errors say what is wrong and what was expected.
Result<Url> parse_url(std::string_view text);

}  // namespace itnxt::ctl
