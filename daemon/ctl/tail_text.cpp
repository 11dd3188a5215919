#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/tail.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::size_t kMostTopics = 2'000'000;  // as the aggregator

// RFC 3339, UTC.
std::string time_text(WallTime at) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const std::time_t whole = (ms - (ms % 1000 + 1000) % 1000) / 1000;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts, (ms % 1000 + 1000) % 1000);
}

std::string_view word(const std::optional<bool>& up) {
  return !up ? "unknown" : *up ? "up" : "down";
}

std::string text(const wire::LinkState& s) {
  return fmt::format("link {} {}  A → B {} ({})  B → A {} ({})", s.link, word(s.up),
                     bit_rate(s.a_to_b), percent(s.utilization_a_to_b), bit_rate(s.b_to_a),
                     percent(s.utilization_b_to_a));
}
std::string text(const wire::InterfaceState& s) {
  return fmt::format("interface {} {} {}  in {}  out {}", s.device, s.interface, word(s.up),
                     bit_rate(s.receive), bit_rate(s.transmit));
}
std::string text(const wire::AlertState& s) {
  return fmt::format("alert {} {} ({}) {}{}{}", s.alert, s.state, s.severity, s.subject,
                     s.summary.empty() ? "" : ": ", s.summary);
}
std::string text(const wire::CrisisState& s) {
  return fmt::format("crisis {}{}{}", s.state, s.sites.empty() ? "" : ": ",
                     fmt::join(s.sites, ", "));
}

template <class T>
void put(Json& to, const char* name, const std::optional<T>& value) {
  to[name] = value ? Json(*value) : Json(nullptr);
}

Json json(const wire::LinkState& s) {
  Json to = {{"link", s.link}};
  put(to, "up", s.up);
  put(to, "capacity_bytes_per_second", s.capacity);
  put(to, "a_to_b_bytes_per_second", s.a_to_b);
  put(to, "b_to_a_bytes_per_second", s.b_to_a);
  put(to, "a_to_b_utilization_ratio", s.utilization_a_to_b);
  put(to, "b_to_a_utilization_ratio", s.utilization_b_to_a);
  return to;
}
Json json(const wire::InterfaceState& s) {
  Json to = {{"device", s.device}, {"interface", s.interface}};
  put(to, "up", s.up);
  put(to, "receive_bytes_per_second", s.receive);
  put(to, "transmit_bytes_per_second", s.transmit);
  put(to, "errors_per_second", s.errors);
  put(to, "discards_per_second", s.discards);
  return to;
}
Json json(const wire::AlertState& s) {
  return {{"alert", s.alert}, {"subject", s.subject},        {"severity", s.severity},
          {"state", s.state}, {"since", time_text(s.since)}, {"summary", s.summary}};
}
Json json(const wire::CrisisState& s) {
  return {{"state", s.state}, {"sites", s.sites}};
}

}  // namespace

std::uint64_t Losses::before(std::string_view topic, const wire::StreamMessage& message) {
  ++messages_;
  if (message.epoch != epoch_ || last_.size() >= kMostTopics) last_.clear();
  epoch_ = message.epoch;
  const auto [last, fresh] = last_.try_emplace(std::string(topic), message.sequence);
  const std::uint64_t expected = fresh ? message.sequence : last->second + 1;
  last->second = message.sequence;
  const std::uint64_t lost = message.sequence > expected ? message.sequence - expected : 0;
  lost_ += lost;
  return lost;
}

std::string tail_line(const wire::StreamMessage& message) {
  return time_text(message.at) + ' ' +
         std::visit([](const auto& state) { return text(state); }, message.state) + '\n';
}

std::string tail_json(std::string_view topic, const wire::StreamMessage& message) {
  Json line = {{"at", time_text(message.at)}, {"topic", topic}, {"sequence", message.sequence}};
  line.update(std::visit([](const auto& state) { return json(state); }, message.state));
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace itnxt::ctl
