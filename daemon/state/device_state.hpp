// What is known of one device, from poll to poll. The view is replaced as a whole at each change,
// never altered: whoever holds the old one reads on undisturbed. Pure; the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/device_clock.hpp"
#include "daemon/state/interface_rows.hpp"
#include "daemon/state/interface_state.hpp"
#include "daemon/state/ports.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// Whose clock a sample's SourceTime is.
struct SampleSource {
  NodeName node;
  CollectorName collector;
  std::uint64_t epoch = 0;
  bool operator==(const SampleSource&) const = default;
};

// How long after its last sample something is stale: `stale_after` intervals, and half a one for
// polls that take longer than the one before. A hostile interval is bounded.
Duration stale_time(Duration interval, std::uint32_t stale_after);

class DeviceState {
 public:
  DeviceState(const Device& device, std::uint32_t stale_after);

  // Takes what the configuration says of it; what was measured stays.
  void configure(const Device& device, std::vector<LinkPort> ports, std::uint32_t stale_after);

  // False: refused. One collector's samples are followed until it is stale, since the clocks of two
  // do not compare; only `is_configured`, the one that the configuration names for this device,
  // takes over at once.
  bool apply(const DeviceSample& sample, const SampleSource& source, bool is_configured,
             Instant now, WallTime wall, Admission& admission);
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
  // ports then), or has none that is called so. Valid until the next apply(), tick() or
  // configure().
  [[nodiscard]] const InterfaceView* port(std::size_t index) const;

 private:
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
  void note_new(const std::vector<WantedRow>& rows, InterfaceChanges& changes, Instant now) const;
  void note(DeviceView& view, InterfaceChanges changes);
  void resolve_ports(DeviceView& view);
  void publish(std::shared_ptr<DeviceView> view);

  std::vector<LinkPort> ports_;
  PortRows port_rows_;      // index into interfaces
  std::size_t linked_ = 0;  // of rows_, those that ports mean: in without having been admitted
  std::uint32_t stale_after_;
  SampleSource source_;
  Duration interval_{};
  std::optional<Instant> polled_;    // last poll's end
  std::optional<Instant> answered_;  // last poll with an answer
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
  std::optional<RowsRefused> refused_;
  Instant tell_refused_at_ = Instant::min();
  std::shared_ptr<const DeviceView> view_;
};

}  // namespace itnxt
