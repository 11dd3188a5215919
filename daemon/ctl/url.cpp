#include "daemon/ctl/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/core/text.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kMaxUrl = 2048;

Error bad(std::string_view text, std::string_view why) {
  std::string shown = sanitize(text, 200);
  const std::size_t user = shown.find("://") == std::string::npos ? 0 : shown.find("://") + 3;
  const std::size_t at = shown.rfind('@');
  if (at != std::string::npos && at > user) shown.replace(user, at - user, "***");  // a password
  return Error{fmt::format(
      "\"{}\" is no URL of an aggregator: {}; expected http://HOST[:PORT][/PATH]", shown, why)};
}

// Nothing that could end the request line or the Host header early.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.starts_with("https://")) {
    return bad(text, "TLS is not spoken here (reach it through a local proxy or tunnel)");
  }
  if (!text.starts_with(kScheme)) return bad(text, "it does not begin with http://");
  if (text.size() > kMaxUrl) return bad(text, "it is too long");
  std::string_view rest = text.substr(kScheme.size());
  if (!is_plain(rest)) return bad(text, "it holds white space or a character that is not ASCII");
  Url url;
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    url.prefix = rest.substr(slash);
    rest = rest.substr(0, slash);
    while (url.prefix.ends_with('/')) url.prefix.pop_back();
  }
  if (url.prefix.find_first_of("?#") != std::string::npos ||
      rest.find_first_of("?#") != std::string_view::npos) {
    return bad(text, "it has a query or a fragment");
  }
  if (rest.find('@') != std::string_view::npos) return bad(text, "it holds a user");
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return bad(text, "the bracket of its IPv6 address is open");
    url.host = rest.substr(1, end - 1);
    rest = rest.substr(end + 1);
  } else {
    url.host = rest.substr(0, rest.find(':'));
    rest = rest.substr(url.host.size());
  }
  if (url.host.empty()) return bad(text, "it names no host");
  if (rest.empty()) return url;
  rest.remove_prefix(1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), url.port);
  if (error != std::errc{} || end != rest.data() + rest.size() || url.port == 0) {
    return bad(text, "its port is not a number from 1 to 65535");
  }
  return url;
}

}  // namespace itnxt::ctl
