#include "daemon/wire/stream.hpp"

#include <chrono>
#include <utility>

#include "daemon/core/text.hpp"
#include "daemon/wire/itnxt.pb.h"

namespace itnxt::wire {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 10;
constexpr std::size_t kSummary = 1024;

std::int64_t unix_ns(WallTime at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}
WallTime wall(std::int64_t ns) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(ns)));
}

void put(const LinkState& from, v1::StreamMessage& message) {
  v1::LinkState& to = *message.mutable_link();
  to.set_link(from.link);
  if (from.up) to.set_up(*from.up);
  if (from.capacity) to.set_capacity(*from.capacity);
  if (from.a_to_b) to.set_a_to_b(*from.a_to_b);
  if (from.b_to_a) to.set_b_to_a(*from.b_to_a);
  if (from.utilization_a_to_b) to.set_utilization_a_to_b(*from.utilization_a_to_b);
  if (from.utilization_b_to_a) to.set_utilization_b_to_a(*from.utilization_b_to_a);
}

void put(const InterfaceState& from, v1::StreamMessage& message) {
  v1::InterfaceState& to = *message.mutable_interface();
  to.set_device(from.device);
  to.set_interface(from.interface);
  if (from.up) to.set_up(*from.up);
  if (from.receive) to.set_receive(*from.receive);
  if (from.transmit) to.set_transmit(*from.transmit);
  if (from.errors) to.set_errors(*from.errors);
  if (from.discards) to.set_discards(*from.discards);
}

void put(const AlertState& from, v1::StreamMessage& message) {
  v1::AlertState& to = *message.mutable_alert();
  to.set_alert(from.alert);
  to.set_subject(from.subject);
  to.set_severity(from.severity);
  to.set_state(from.state);
  to.set_since_unix_ns(unix_ns(from.since));
  to.set_summary(from.summary);
}

void put(const CrisisState& from, v1::StreamMessage& message) {
  v1::CrisisState& to = *message.mutable_crisis();
  to.set_state(from.state);
  for (const std::string& site : from.sites) to.add_sites(site);
}

// `has` tells absent from zero.
template <class T>
std::optional<T> given(bool has, T value) {
  return has ? std::optional<T>(value) : std::nullopt;
}

LinkState take(const v1::LinkState& from) {
  return {sanitize(from.link()),
          given(from.has_up(), from.up()),
          given(from.has_capacity(), from.capacity()),
          given(from.has_a_to_b(), from.a_to_b()),
          given(from.has_b_to_a(), from.b_to_a()),
          given(from.has_utilization_a_to_b(), from.utilization_a_to_b()),
          given(from.has_utilization_b_to_a(), from.utilization_b_to_a())};
}

InterfaceState take(const v1::InterfaceState& from) {
  return {sanitize(from.device()),
          sanitize(from.interface()),
          given(from.has_up(), from.up()),
          given(from.has_receive(), from.receive()),
          given(from.has_transmit(), from.transmit()),
          given(from.has_errors(), from.errors()),
          given(from.has_discards(), from.discards())};
}

AlertState take(const v1::AlertState& from) {
  return {sanitize(from.alert()), sanitize(from.subject()),   sanitize(from.severity()),
          sanitize(from.state()), wall(from.since_unix_ns()), sanitize(from.summary(), kSummary)};
}

CrisisState take(const v1::CrisisState& from) {
  CrisisState to{sanitize(from.state()), {}};
  for (const std::string& site : from.sites()) to.sites.push_back(sanitize(site));
  return to;
}

}  // namespace

std::string encode(const StreamMessage& message) {
  v1::StreamMessage to;
  to.set_epoch(message.epoch);
  to.set_sequence(message.sequence);
  to.set_at_unix_ns(unix_ns(message.at));
  std::visit([&](const auto& state) { put(state, to); }, message.state);
  return to.SerializeAsString();
}

Result<StreamMessage> decode_stream(std::string_view bytes) {
  v1::StreamMessage from;
  if (bytes.size() > kMostBytes ||
      !from.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{"the payload is no itnxt.v1.StreamMessage"};
  }
  StreamMessage to{from.epoch(), from.sequence(), wall(from.at_unix_ns()), {}};
  switch (from.state_case()) {
    case v1::StreamMessage::kLink:
      to.state = take(from.link());
      break;
    case v1::StreamMessage::kInterface:
      to.state = take(from.interface());
      break;
    case v1::StreamMessage::kAlert:
      to.state = take(from.alert());
      break;
    case v1::StreamMessage::kCrisis:
      to.state = take(from.crisis());
      break;
    case v1::StreamMessage::STATE_NOT_SET:
      return Error{"the message holds a state of a newer release"};
  }
  return to;
}

}  // namespace itnxt::wire
