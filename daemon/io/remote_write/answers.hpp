// What a store's answer means for the samples it was sent. Pure.
//
// As Prometheus takes them (storage/remote/client.go): 5xx, 429 and no answer are passing, a 4xx is
// final, since the store will say the same of the same request again. One difference: a redirect
// speaks of the address, not of the samples (a maintenance page, a moved store), so they are kept.
// It is not followed: our credentials are for who the configuration names, and a 301 to 303 would
// make a GET of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace itnxt {

enum class WriteFault : std::uint8_t {
  unreachable,  // no answer
  server,       // 5xx
  throttled,    // 429
  redirect,     // 3xx
  credentials,  // 401, 403
  address,      // 404, 405
  content,      // 400, 413, 422 and whatever else
};
inline constexpr std::size_t kWriteFaults = static_cast<std::size_t>(WriteFault::content) + 1;

// Absent: the samples are taken. 0: there was no answer.
std::optional<WriteFault> fault_of(int status);

// Else it is final.
bool is_passing(WriteFault fault);

// As the label `reason` has it.
std::string_view name(WriteFault fault);

// What to do, for people.
std::string_view advice(WriteFault fault);

// Of an address in an answer what may be logged: neither user nor query, which may be secrets.
std::string shown_address(std::string_view location);

}  // namespace itnxt
