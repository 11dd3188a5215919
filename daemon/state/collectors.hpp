// Which batches are new, per collector: sequences within epochs, what was lost, who is silent.
// Pure; the loop's thread.
#pragma once

#include <cstdint>
#include <map>
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
  refused,    // more collectors than aggregator.limits allow
};

class Collectors {
 public:
  // Counts the batch and says what to do with it.
  Arrival arrive(const Batch& batch, Instant now, WallTime wall, std::uint32_t stale_after,
                 Admission& admission);
  [[nodiscard]] std::vector<CollectorView> views() const;  // by node, name

 private:
  struct Epoch {
    std::uint64_t id = 0;
    std::uint64_t last_sequence = 0;
    std::uint64_t lost = 0;
  };
  struct State {
    CollectorView view;
    WallTime closed;            // the newest batch, by the collector's own wall clock
    std::vector<Epoch> epochs;  // the present one first; a few past ones, whose backlog may come
    std::uint64_t lost_before = 0;  // of epochs that are forgotten
  };
  State* find_or_add(const Batch& batch, Admission& admission);

  std::map<std::pair<NodeName, CollectorName>, State> collectors_;
};

}  // namespace itnxt
