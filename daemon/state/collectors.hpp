// Which batches are new, per collector: sequences within epochs, in any order, what was lost, who
// is silent, whose clock is off. Pure; the loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/clock_skew.hpp"
#include "daemon/state/sequence_set.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

enum class Arrival : std::uint8_t {
  fresh,      // the newest of its collector
  duplicate,  // had before, by (node, collector, epoch, sequence)
  backlog,    // older than the newest of its process, or of a process that has been followed by one
              // that is alive
  refused,    // more collectors of its node or of all than are kept, or more than
              // aggregator.limits allow
};

struct Arrived {
  Arrival how = Arrival::fresh;
  bool is_shown = false;    // views() tell of its collector
  bool of_present = false;  // its process is the one that is alive
};

// A node whose clock is off, for the log.
struct ClockOff {
  NodeName node;
  Duration ahead{};
};

class Collectors {
 public:
  // Those that the configuration names are kept however silent; one that it named before and names
  // no longer is shown no more, until a new process of that name comes.
  void configure(const NodeName& node, std::set<CollectorName> names, Admission& admission);

  // Counts the batch and says what to do with it.
  Arrived arrive(const Batch& batch, Instant now, WallTime wall, std::uint32_t stale_after,
                 Admission& admission);
  // What events tell of the clock of a collector that arrive() knows.
  void hear_clock(const EventBatch& events, Instant now, WallTime wall);
  // How far that collector's wall clock is ahead of ours; absent: nothing is known of it.
  [[nodiscard]] std::optional<Duration> clock_ahead(const NodeName& node,
                                                    const CollectorName& collector) const;
  // Events of the collector that will never come.
  void count_lost_events(const NodeName& node, const CollectorName& collector, std::uint64_t count);
  // Nodes whose clock is found to be off by more than kClockOff: each once, until it was right
  // again or is off by another kClockOff and half as much again or less.
  static constexpr Duration kClockOff = 2s;
  std::vector<ClockOff> take_clocks_off() { return std::exchange(clocks_off_, {}); }
  // What a collector that arrive() knows tells of its datagrams.
  void tell(const NodeName& node, const CollectorName& collector, const SnmpTotals& totals,
            Admission& admission);
  // Lets go of totals that are stale, and of who is not configured and has been silent for a day;
  // true when something went.
  bool tick(Instant now, std::uint32_t stale_after, Admission& admission);
  [[nodiscard]] std::vector<CollectorView> views() const;  // by node, name

 private:
  using Key = std::pair<NodeName, CollectorName>;
  struct Epoch {
    std::uint64_t id = 0;
    SequenceSet came;
    std::uint64_t lost = 0;
  };
  struct State {
    CollectorView view;
    Instant fresh_at;           // when the present process was last heard
    std::vector<Epoch> epochs;  // the present one first; a few past ones, whose backlog may come
    std::uint64_t lost_before = 0;  // of epochs that are forgotten
    ClockSkew skew;
    bool retired = false;  // no longer configured: what it left on its way may still come
  };
  bool admit(const Key& key, Admission& admission) const;
  static void take_lost(State& state, Epoch& epoch, const Batch& batch);
  void take_clock(State& state, WallTime sent, Instant now, WallTime wall);
  static bool drop_totals(State& state, Admission& admission);
  State* find_or_add(const Batch& batch, Admission& admission);
  [[nodiscard]] bool is_configured(const Key& key) const;

  std::map<Key, State> collectors_;
  std::map<NodeName, std::size_t> of_node_;    // how many of collectors_
  std::map<Key, std::uint64_t> lost_events_;   // a lane of events needs no batch
  std::map<NodeName, Duration> clock_is_off_;  // by so much, as was told
  std::vector<ClockOff> clocks_off_;           // to be told
  NodeName node_;
  std::set<CollectorName> configured_;  // of node_
};

}  // namespace itnxt
