// The messages of the live stream as values. The format: StreamMessage in daemon/wire/itnxt.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::wire {

// Absent: not known. Rates are bytes (errors, discards: packets) per second.
struct LinkState {
  std::string link;
  std::optional<bool> up{};
  std::optional<double> capacity{}, a_to_b{}, b_to_a{}, utilization_a_to_b{}, utilization_b_to_a{};
  bool operator==(const LinkState&) const = default;
};
struct InterfaceState {
  std::string device, interface;
  std::optional<bool> up{};
  std::optional<double> receive{}, transmit{}, errors{}, discards{};
  bool operator==(const InterfaceState&) const = default;
};
struct AlertState {
  std::string alert, subject, severity, state;
  WallTime since{};
  std::string summary;
  bool operator==(const AlertState&) const = default;
};
struct CrisisState {
  std::string state;
  std::vector<std::string> sites;
  bool operator==(const CrisisState&) const = default;
};

struct StreamMessage {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;  // 1, 2, 3 … per topic and epoch
  WallTime at{};
  std::variant<LinkState, InterfaceState, AlertState, CrisisState> state;
  bool operator==(const StreamMessage&) const = default;
};

std::string encode(const StreamMessage& message);
// Text comes out clean. At most 64 KiB.
Result<StreamMessage> decode_stream(std::string_view bytes);

}  // namespace itnxt::wire
