// Which batches are new, per collector: sequences within epochs, what was lost, who is silent.
// Pure; the loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

enum class Arrival : std::uint8_t {
  fresh,      // the newest of its collector
  duplicate,  // had before, by (node, collector, epoch, sequence)
  backlog,    // of a process that has been followed by one that is alive: older than what is known
  refused,    // more collectors of its node or of all than are kept, or more than
              // aggregator.limits allow
};

struct Arrived {
  Arrival how = Arrival::fresh;
  bool is_shown = false;  // views() tell of its collector
};

class Collectors {
 public:
  // Those that the configuration names are kept however silent; one that it named before and names
  // no longer is shown no more, until a new process of that name comes.
  void configure(const NodeName& node, std::set<CollectorName> names, Admission& admission);

  // Counts the batch and says what to do with it.
  Arrived arrive(const Batch& batch, Instant now, WallTime wall, std::uint32_t stale_after,
                 Admission& admission);
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
    std::uint64_t last_sequence = 0;
    std::uint64_t lost = 0;
  };
  struct State {
    CollectorView view;
    Instant fresh_at;           // when the present process was last heard
    std::vector<Epoch> epochs;  // the present one first; a few past ones, whose backlog may come
    std::uint64_t lost_before = 0;  // of epochs that are forgotten
    bool retired = false;           // no longer configured: what it left on its way may still come
  };
  bool admit(const Key& key, Admission& admission) const;
  static bool drop_totals(State& state, Admission& admission);
  State* find_or_add(const Batch& batch, Admission& admission);
  [[nodiscard]] bool is_configured(const Key& key) const;

  std::map<Key, State> collectors_;
  std::map<NodeName, std::size_t> of_node_;  // how many of collectors_
  NodeName node_;
  std::set<CollectorName> configured_;  // of node_
};

}  // namespace itnxt
