// The captures' totals, by collector name. Pure; the loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/coverage.hpp"
#include "daemon/state/device_state.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

class Captures {
 public:
  // False: refused. A name belongs to the node that told it first, until that is stale: two
  // captures of one name would be one series with two values.
  bool apply(const CaptureSample& sample, const SampleSource& source, Instant now,
             Admission& admission);
  // False: refused: its capture is not known, or another node's.
  bool apply(const TalkersSample& sample, const SampleSource& source, Instant now,
             Admission& admission);
  bool tick(Instant now, std::uint32_t stale_after, Admission& admission);
  [[nodiscard]] std::vector<CaptureView> views() const;  // by name
  [[nodiscard]] bool empty() const { return captures_.empty(); }

  // A poll of an end (0: a, 1: b) of this link, whose counters may be `lag` old.
  void see_port(const LinkName& link, std::size_t end, const InterfaceView& interface,
                Duration lag);
  [[nodiscard]] std::optional<double> coverage(const CollectorName& name, std::size_t end) const;

 private:
  struct State {
    CaptureView view;
    SampleSource source;
    Instant seen;
    Instant talkers_seen;
    SourceTime base_at;
    std::uint64_t base_dropped = 0;
    std::array<Coverage, 2> coverage;  // by the link's ends
  };
  std::map<CollectorName, State> captures_;
};

}  // namespace itnxt
