// What is known of one device, from poll to poll. The view is replaced as a whole at each change,
// never altered: whoever holds the old one reads on undisturbed. Pure; the loop's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/device_clock.hpp"
#include "daemon/state/followed.hpp"
#include "daemon/state/interface_rows.hpp"
#include "daemon/state/interface_state.hpp"
#include "daemon/state/moment.hpp"
#include "daemon/state/ports.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// Whose clock a sample's SourceTime is, and what time that was.
struct SampleSource {
  NodeName node;
  CollectorName collector;
  std::uint64_t epoch = 0;
  SourceTime closed_at{};  // one moment by the source's clock …
  Instant closed{};        // … by ours …
  WallTime closed_wall{};  // … by its host's wall clock …
  WallTime closed_here{};  // … and by our host's, which says `received` now
  WallTime received{};

  // None is younger than its batch.
  [[nodiscard]] Moment moment(SourceTime at) const { return {epoch, at, closed - age(at)}; }
  // The original time of a sample, by the wall clock of who took it.
  [[nodiscard]] WallTime wall(SourceTime at) const { return closed_wall - age(at); }
  // … brought to our host's.
  [[nodiscard]] WallTime here(SourceTime at) const { return closed_here - age(at); }
  [[nodiscard]] Duration age(SourceTime at) const {
    constexpr std::uint64_t kOldest = Duration(24h * 366).count();  // whatever a source says
    if (at >= closed_at) return Duration::zero();
    const auto ns = [](SourceTime t) {
      return static_cast<std::uint64_t>(t.time_since_epoch().count());
    };
    return Duration(std::min(ns(closed_at) - ns(at), kOldest));
  }
  // Whether it is the same clock.
  bool operator==(const SampleSource& other) const {
    return node == other.node && collector == other.collector && epoch == other.epoch;
  }
};
// A collector that tells no wall time is taken to have closed the batch when it came. `ahead`: how
// far its wall clock is ahead of ours, as is known from before.
SampleSource source_of(const Batch& batch, Instant now, WallTime received,
                       std::optional<Duration> ahead);

// When an event happened: `sent` is the moment at which it was sent, by the wall clock that stamped
// it, so that no clock of ours is held against one of theirs.
struct EventSource {
  NodeName node;
  CollectorName collector;
  WallTime sent;
  WallTime received;              // by ours
  std::optional<Duration> ahead;  // of theirs, as is known from before
  // By our wall clock; a collector that tells no time is heard at once.
  [[nodiscard]] WallTime here(const Event& event) const {
    if (sent == WallTime{}) return received;
    return event.wall - std::max(sent - received, ahead.value_or(Duration::min()));
  }
  [[nodiscard]] Moment moment(const Event& event, Instant now) const {
    const bool known = sent != WallTime{} && event.wall < sent;
    return {event.run, event.at, now - (known ? sent - event.wall : Duration::zero())};
  }
};

// How long after its last sample something is stale: `stale_after` intervals, and half a one for
// polls that take longer than the one before. A hostile interval is bounded.
Duration stale_time(Duration interval, std::uint32_t stale_after);

inline constexpr Duration kDefaultInterval = 60s;  // where a collector tells none

class DeviceState {
 public:
  DeviceState(const Device& device, std::uint32_t stale_after);

  // Takes what the configuration says of it; what was measured stays.
  void configure(const Device& device, std::vector<LinkPort> ports, std::uint32_t stale_after);

  // Takes the sample over, if its collector may tell of the device (followed.hpp).
  Verdict apply(const DeviceSample& sample, const SampleSource& source, bool is_configured,
                Instant now, WallTime wall, Admission& admission);
  // Takes over what events tell of interfaces and of the device's answering, unless a later sample
  // or event told it; nothing where their collector may not tell.
  struct Heard {
    Verdict verdict = Verdict::taken;
    bool changed = false;
  };
  Heard apply(std::span<const Event> events, const EventSource& source, bool is_configured,
              Instant now);
  // Whether a sample of this time would tell anything that is not known better.
  [[nodiscard]] bool is_news(const DeviceSample& sample, const SampleSource& source) const;
  // Lets go of what is stale; true when something went.
  bool tick(Instant now, Admission& admission);
  // Gives back all it was admitted with.
  void release(Admission& admission);
  // What the last poll told and was refused, for the log: at most once a minute.
  std::optional<RowsRefused> take_refused(Instant now);
  // What became of its interfaces, for the log: at most InterfaceChanges::kMostKept a minute, the
  // rest as a number. `counts` is not filled: DeviceView::changes has them.
  InterfaceChanges take_changes(Instant now);

  [[nodiscard]] const std::shared_ptr<const DeviceView>& view() const { return view_; }
  // The interface of a link's end; null while the device does not answer (it says nothing about its
  // ports then), or has none that is called so. Of a device that no poll told of yet, or not for
  // long: what events told of a port of that ifName. Valid until the next apply(), tick() or
  // configure().
  [[nodiscard]] const InterfaceView* port(std::size_t index) const;

  // Whether a collector may bring metrics of it. `is_ours`: its node is this one, which polls it.
  [[nodiscard]] Verdict judge_series(const Teller& teller, bool is_ours, Instant now) const;
  // The node whose device it is; empty: anybody's who is followed.
  [[nodiscard]] const NodeName& owner() const { return followed_.owner(); }
  // From which node to which it went, for log and journal: at most once a minute, all since then in
  // one.
  std::optional<NodeChange> take_node_change(Instant now);

 private:
  [[nodiscard]] bool is_live(Instant now) const;
  void take_poll(DeviceView& view, const DeviceSample& sample, Instant now, WallTime wall);
  void take_uptime(DeviceView& view, const DeviceSample& sample);
  void admit_rows(std::vector<WantedRow>& rows, Admission& admission);
  void take_rows(DeviceView& view, const DeviceSample& sample, Instant now, Admission& admission);
  void take_same_rows(DeviceView& view, const DeviceSample& sample, Instant now);
  void take_other_rows(DeviceView& view, const DeviceSample& sample, Instant now,
                       Admission& admission);
  void advance_row(const WantedRow& row, InterfaceState& state, InterfaceView& view,
                   Instant now) const;
  void advance_known(std::size_t old, const InterfaceSample& sample, bool comparable,
                     InterfaceState& state, InterfaceView& view, Instant now) const;
  void take_answer(DeviceView& view, const Event& event, const EventSource& source,
                   const Moment& moment, Instant now);
  [[nodiscard]] bool tell_ports(const Event& event, const EventSource& source, const Moment& moment,
                                Instant now);
  void take_told_ports(DeviceView& view);
  bool forget_told(Instant now);
  [[nodiscard]] std::optional<std::size_t> find_row(const InterfaceStatus& status) const;
  [[nodiscard]] bool holds_against(const Moment& told, const Moment& sample, Instant now) const;
  void note_new(const std::vector<WantedRow>& rows, InterfaceChanges& changes, Instant now) const;
  void note(DeviceView& view, InterfaceChanges changes);
  void resolve_ports(DeviceView& view);
  void publish(std::shared_ptr<DeviceView> view);

  std::vector<LinkPort> ports_;
  PortRows port_rows_;  // index into interfaces
  struct ToldPort {
    Moment status;
    Instant seen;
    InterfaceView view;
  };
  std::vector<std::optional<ToldPort>>
      told_ports_;          // beside ports_, where events came before polls
  std::size_t linked_ = 0;  // of rows_, those that ports mean: in without having been admitted
  std::uint32_t stale_after_;
  Followed followed_;
  SampleSource source_;
  Duration interval_{};
  std::optional<Instant> polled_;    // last poll's end
  SourceTime polled_at_;             // the same by its collector's clock
  std::optional<Instant> answered_;  // last poll with an answer
  Moment answered_at_;               // when it answered or not, as `view` tells …
  std::optional<bool> told_answer_;  // … if an event did
  Instant oldest_row_;               // the first that can go stale
  DeviceClock clock_;
  std::optional<ReadingClocks> uptime_base_;  // absent while its clock does not run
  std::uint64_t uptime_wraps_ = 0;
  std::vector<InterfaceState> rows_;  // beside view_->interfaces
  Completeness completeness_;
  bool restarted_ = false;            // since its rows were told, or it cannot be known
  std::uint64_t question_ = 0;        // that the last whole walk left open
  std::vector<Stranger> hidden_;      // LedgerTerms::hidden
  std::vector<RestingName> resting_;  // LedgerTerms::resting
  InterfaceChanges changes_;          // to be told
  Instant tell_changes_at_ = Instant::min();
  Instant tell_node_at_ = Instant::min();
  std::optional<RowsRefused> refused_;
  Instant tell_refused_at_ = Instant::min();
  std::shared_ptr<const DeviceView> view_;
};

}  // namespace itnxt
