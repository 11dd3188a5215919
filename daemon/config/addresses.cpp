#include "daemon/config/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "daemon/config/redact.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMaxUrl = 2048;

Error expected(std::string_view what, std::string_view text) {
  return Error{fmt::format("expected {}, not {}", what, in_quotes(text))};
}

// A wrong URL may still hold the token of a right one.
Error expected_url(std::string_view what, std::string_view text) {
  const std::size_t tail = url_tail(text);
  const std::string hidden = tail < text.size() ? "***" : "";
  return expected(what, std::string(text.substr(0, tail)) + hidden);
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// RFC 1123 §2.1, with the underscore that real names have. All digits and dots is a mistyped IPv4.
bool is_dns_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (text.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  while (!text.empty()) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, dot);
    const bool fine = !label.empty() && label.size() <= 63 && label.front() != '-' &&
                      label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '_';
                      });
    if (!fine || dot + 1 == text.size()) return false;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

std::optional<std::uint16_t> to_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (text.empty() || leading_zero || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

struct Split {
  std::string host;
  std::optional<std::string> port;  // absent: no colon
};

// Parts HOST[:PORT]; nothing when HOST is none.
std::optional<Split> split_host(std::string_view text) {
  Split split;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    split.host = text.substr(1, close - 1);
    if (!is_ipv6(split.host)) return std::nullopt;
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    split.host = text.substr(0, colon);
    if (!is_ipv4(split.host) && !is_dns_name(split.host)) return std::nullopt;
    rest = text.substr(colon);
  }
  if (!rest.empty()) split.port = std::string(rest.substr(1));
  return split;
}

Result<Endpoint> parse_ipc(std::string_view path, std::string_view text) {
  static constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty() || path == "@") return expected("ipc://PATH", text);
  if (path.find('\0') != std::string_view::npos) return expected("ipc://PATH without NUL", text);
  if (path.size() > kMost) {
    return expected(fmt::format("an ipc path of at most {} bytes", kMost), text);
  }
  Endpoint endpoint;
  endpoint.ipc = true;
  endpoint.path = path;
  return endpoint;
}

}  // namespace

Result<HostPort> parse_address(std::string_view text, std::uint16_t default_port) {
  if (is_ipv6(std::string(text))) {
    return Error{fmt::format("expected an IPv6 address in brackets, \"[{}]\", not {}", text,
                             in_quotes(text))};
  }
  const auto split = split_host(text);
  if (!split) return expected("IPv4, [IPv6] or a name, optionally with :PORT", text);
  if (!split->port) return HostPort{split->host, default_port};
  const auto port = to_port(*split->port);
  if (!port || *port == 0) return expected("a port of 1 to 65535 behind the ':'", text);
  return HostPort{split->host, *port};
}

Result<HostPort> parse_listen(std::string_view text) {
  const auto split = split_host(text);
  const auto port = split && split->port ? to_port(*split->port) : std::nullopt;
  if (!port) return expected("HOST:PORT such as 127.0.0.1:9690", text);
  return HostPort{split->host, *port};
}

Result<Endpoint> parse_endpoint(std::string_view text, bool listening) {
  if (text.starts_with("ipc://")) return parse_ipc(text.substr(6), text);
  if (text.starts_with("inproc://")) {
    return Error{
        "inproc is what `run` uses by itself when no endpoint is given; expected ipc://PATH or "
        "tcp://HOST:PORT"};
  }
  if (text.starts_with("tcp://")) {
    const bool any = text.starts_with("tcp://*:");  // ZeroMQ's word for every interface
    const auto split = split_host(any ? std::string("0.0.0.0") + std::string(text.substr(7))
                                      : std::string(text.substr(6)));
    const bool choose = listening && split && split->port == "*";
    const auto port = split && split->port ? to_port(choose ? "0" : *split->port) : std::nullopt;
    if (port && (listening || *port != 0)) return Endpoint{false, {}, {split->host, *port}};
  }
  return expected("ipc://PATH or tcp://HOST:PORT", text);
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  if (has_user_info(text)) {
    return Error{"expected a URL without user and password; they would end up in logs"};
  }
  HttpUrl url;
  url.tls = text.starts_with("https://");
  const bool clean = text.size() <= kMaxUrl && std::all_of(text.begin(), text.end(), [](char c) {
                       return c > ' ' && c < 0x7F && c != '#' && c != '"' && c != '\\';
                     });
  if (!clean || (!url.tls && !text.starts_with("http://"))) {
    return expected_url("an http:// or https:// URL", text);
  }
  const std::string_view rest = text.substr(url.tls ? 8 : 7);
  const auto to = parse_address(rest.substr(0, rest.find_first_of("/?")), url.tls ? 443 : 80);
  if (!to) return expected_url("an http:// or https:// URL with IPv4, [IPv6] or a name", text);
  url.to = *to;
  return url;
}

bool leaves_this_host(std::string_view endpoint) {
  const auto parsed = parse_endpoint(endpoint, true);
  return parsed && !parsed->ipc && !is_loopback(parsed->tcp.host);
}

Result<Cidr> parse_cidr(std::string_view text) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const Error wrong = expected("a network such as 10.0.0.0/16 or 2001:db8::/32", text);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return wrong;
  const std::string address(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  Cidr cidr;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), cidr.length);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return wrong;
  unsigned most = 128;
  if (inet_pton(AF_INET, address.c_str(), cidr.address.data() + kMapped.size()) == 1) {
    std::ranges::copy(kMapped, cidr.address.begin());
    most = 32;
  } else if (inet_pton(AF_INET6, address.c_str(), cidr.address.data()) != 1) {
    return wrong;
  }
  if (cidr.length > most) return wrong;
  cidr.length += 128 - most;
  for (unsigned bit = cidr.length; bit < 128; ++bit) {
    if ((cidr.address[bit / 8] & (0x80U >> bit % 8)) == 0) continue;
    return Error{fmt::format("{} has bits behind its length; expected the network's own address",
                             in_quotes(text))};
  }
  return cidr;
}

bool is_loopback(std::string_view host) {
  const std::string text(host);
  if (is_ipv4(text)) return text.starts_with("127.");
  in6_addr address{};
  if (inet_pton(AF_INET6, text.c_str(), &address) == 1) return IN6_IS_ADDR_LOOPBACK(&address);
  return text == "localhost";
}

}  // namespace itnxt
