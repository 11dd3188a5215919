// A world for a survey: an agent that is a function, and time that passes as the test says.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "collectors/snmp/survey/survey.hpp"
#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp::survey::test {

using snmp::test::Bytes;

inline const Address kDevice = *numeric_address("10.0.0.1", 161);
inline const Address kOther = *numeric_address("10.0.0.2", 161);

struct Reply {
  Bytes bytes;
  Duration after = 10ms;
  Address from = kDevice;
};

class AgentWire final : public Wire {
 public:
  using Agent = std::function<std::vector<Reply>(ByteView request, Instant at)>;
  explicit AgentWire(Agent agent, Duration budget = 10s)
      : agent_(std::move(agent)), end_(Instant{} + budget) {}

  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] bool over() const override { return now_ >= end_; }
  [[nodiscard]] Status send(ByteView datagram) override {
    ++sent;
    for (Reply& reply : agent_(datagram, now_)) {
      if (!reply.bytes.empty()) waiting_.push_back({now_ + reply.after, std::move(reply)});
    }
    std::stable_sort(waiting_.begin(), waiting_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return {};
  }
  [[nodiscard]] std::optional<UdpSocket::Datagram> receive(Instant until) override {
    const Instant end = std::min(until, end_);
    if (waiting_.empty() || waiting_.front().first > end) {
      now_ = std::max(now_, end);
      return std::nullopt;
    }
    now_ = std::max(now_, waiting_.front().first);
    current_ = std::move(waiting_.front().second);
    waiting_.erase(waiting_.begin());
    return UdpSocket::Datagram{current_.from, current_.bytes};
  }

  std::uint32_t sent = 0;

 private:
  Agent agent_;
  Instant end_;
  Instant now_{};
  std::vector<std::pair<Instant, Reply>> waiting_;
  Reply current_;
};

// The recording as it was, but for sysUpTime, which moves; communities but `community` are not
// answered.
inline AgentWire::Agent alive(itnxt::test::Recording recording, std::string community = "secret",
                              std::size_t max_varbinds = 100) {
  static const itnxt::test::Recording::Arcs kUptime = {1, 3, 6, 1, 2, 1, 1, 3, 0};
  std::uint64_t base = 0;
  const auto found = recording.values().find(kUptime);
  const bool has = found != recording.values().end() && found->second.tag == 0x43;
  if (has) base = unsigned_number(found->second.content, 4).value_or(0);
  return [recording = std::move(recording), community = std::move(community), max_varbinds, has,
          base](ByteView request, Instant at) mutable -> std::vector<Reply> {
    const auto decoded = decode(request);
    const auto* message = std::get_if<Message>(&decoded);
    if (message == nullptr || message->community != community) return {};
    if (has) {
      const auto ticks = base + static_cast<std::uint64_t>(at.time_since_epoch() / 10ms);
      recording.add("1.3.6.1.2.1.1.3.0", "67", std::to_string(ticks & 0xFFFFFFFFU));
    }
    return {{recording.answer(request, max_varbinds)}};
  };
}

inline Candidate community(const std::string& name = "lab", const std::string& value = "secret") {
  Candidate made;
  made.name = name;
  made.credentials.community.set(value);
  return made;
}

inline Questions questions(std::vector<Candidate> candidates = {community()}) {
  Questions made;
  made.device = kDevice;
  made.candidates = std::move(candidates);
  return made;
}

}  // namespace itnxt::snmp::survey::test
