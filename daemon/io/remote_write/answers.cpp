#include "daemon/io/remote_write/answers.hpp"

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostShown = 200;

}  // namespace

std::optional<WriteFault> fault_of(int status) {
  if (status == 0) return WriteFault::unreachable;
  if (status >= 500) return WriteFault::server;
  if (status == 429) return WriteFault::throttled;
  if (status == 401 || status == 403) return WriteFault::credentials;
  if (status == 404 || status == 405) return WriteFault::address;
  if (status >= 400) return WriteFault::content;
  if (status >= 300) return WriteFault::redirect;
  return std::nullopt;
}

bool is_passing(WriteFault fault) {
  switch (fault) {
    case WriteFault::unreachable:
    case WriteFault::server:
    case WriteFault::throttled:
    case WriteFault::redirect:
      return true;
    case WriteFault::credentials:
    case WriteFault::address:
    case WriteFault::content:
      return false;
  }
  return false;
}

std::string_view name(WriteFault fault) {
  switch (fault) {
    case WriteFault::unreachable:
      return "unreachable";
    case WriteFault::server:
      return "server";
    case WriteFault::throttled:
      return "throttled";
    case WriteFault::redirect:
      return "redirect";
    case WriteFault::credentials:
      return "credentials";
    case WriteFault::address:
      return "address";
    case WriteFault::content:
      return "content";
  }
  return "";
}

std::string_view advice(WriteFault fault) {
  switch (fault) {
    case WriteFault::unreachable:
      return "start the store, or mend the way to it";
    case WriteFault::server:
      return "look into the store's log";
    case WriteFault::throttled:
      return "raise the store's limits, or share its load";
    case WriteFault::redirect:
      return "redirects are not followed: put the address where the store is into url";
    case WriteFault::credentials:
      return "mend bearer_token, basic_auth or headers";
    case WriteFault::address:
      return "mend url, or switch the store's remote-write receiver on";
    case WriteFault::content:
      return "the answer says what the store does not take";
  }
  return "";
}

std::string shown_address(std::string_view location) {
  location = location.substr(0, location.find_first_of("?#"));
  std::string shown;
  const std::size_t scheme = location.find("//");
  if (scheme != std::string_view::npos) {
    shown = location.substr(0, scheme + 2);
    location.remove_prefix(scheme + 2);
    const std::string_view host = location.substr(0, location.find('/'));
    if (const std::size_t user = host.rfind('@'); user != std::string_view::npos) {
      location.remove_prefix(user + 1);
    }
  }
  shown += location;
  return sanitize(shown, kMostShown);
}

}  // namespace itnxt
