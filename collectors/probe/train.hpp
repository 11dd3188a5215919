// One train of probes to one target, and what it tells: loss, quantiles of the round trip, jitter,
// reordering. Pure; the loop's thread. Nothing is allocated once a train is made.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/core/time.hpp"

namespace itnxt::probe {

// How a probe ended. Label values of itnxt_probe_failures_total{reason}, but for the first two.
enum class Outcome : std::uint8_t {
  pending,
  answered,
  lost,         // no word of it within its timeout
  unreachable,  // a router or this host says that there is no way (ICMP, no route)
  refused,      // the target's host says that nobody listens there
  wrong,        // an answer, but not the one that was expected: status, rcode, no HTTP at all
  insecure,     // TLS failed: certificate, name, version
  local,        // it never left: no privilege, no descriptor, no buffer
  unresolved,   // the name has no address: none of the train was sent
};
inline constexpr std::size_t kOutcomes = 9;
inline constexpr std::array<std::string_view, kOutcomes> kOutcomeNames = {
    "pending", "answered", "lost",  "unreachable", "refused",
    "wrong",   "insecure", "local", "unresolved"};
constexpr std::string_view name(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

// Nearest rank: the least round trip that this share of all is not above. The last is the slowest
// of less than 100.
inline constexpr std::array<double, 3> kQuantiles = {0.5, 0.9, 0.99};

struct TrainFigures {
  std::array<std::uint32_t, kOutcomes> by_outcome{};  // probes
  std::uint32_t sent = 0;                             // left this host
  std::uint32_t received = 0;                         // answered as expected
  std::uint32_t reordered = 0;   // answered after the answer to a later one (RFC 4737 §3.3)
  std::uint32_t duplicates = 0;  // answers beyond the first
  std::optional<double> loss;    // 1 - received / sent; none when nothing was sent
  std::optional<std::array<Duration, kQuantiles.size()>> rtt;
  // Mean absolute difference of the round trips of neighbours that were both answered (the
  // variation between consecutive packets of RFC 3393, not RFC 3550's running average: a train has
  // no history).
  std::optional<Duration> jitter;
};

// Where the words of a train's failures come when it is over, as after three seconds of ARP, they
// stand for as much of the next one's silence, unless that was answered.
void take_late_words(TrainFigures& figures, std::uint32_t unreachable);

class Train {
 public:
  explicit Train(std::uint32_t count) : probes_(count) { rtts_.reserve(count); }

  void begin();  // forgets the train before
  void sent(std::uint32_t probe, Instant at);
  // The answer to a probe that is under way; one that comes after `timeout` is a loss. False: it is
  // none of ours, or the probe is over.
  bool answered(std::uint32_t probe, Instant at, Duration timeout);
  bool failed(std::uint32_t probe, Outcome outcome);
  void close();  // what is under way is lost
  [[nodiscard]] std::uint32_t under_way() const { return under_way_; }
  [[nodiscard]] Instant sent_at(std::uint32_t probe) const { return probes_[probe].sent; }
  [[nodiscard]] TrainFigures figures() const;

 private:
  struct Probe {
    Instant sent;
    Duration rtt{};
    Outcome outcome = Outcome::pending;
    bool left = false;
  };
  std::vector<Probe> probes_;
  mutable std::vector<Duration> rtts_;  // to be sorted
  std::uint32_t under_way_ = 0;
  std::uint32_t next_expected_ = 0;
  std::uint32_t reordered_ = 0;
  std::uint32_t duplicates_ = 0;
};

}  // namespace itnxt::probe
