// What the aggregator knows at one moment. Immutable once published: HTTP threads and the alert
// engine read it without a lock while the next one is made. What is stale is absent.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/counter.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/units.hpp"
#include "daemon/state/held.hpp"
#include "daemon/state/interface_change.hpp"

namespace itnxt {

// A rate, or why there is none. Never a made-up zero, never a spike.
template <class Unit>
using Rate = std::variant<Unit, Gap>;
template <class Unit>
std::optional<Unit> known(const Rate<Unit>& rate) {
  if (const Unit* unit = std::get_if<Unit>(&rate)) return *unit;
  return std::nullopt;
}

// What an interface is over its life. Shared by all views of it, so that its text stands once.
struct InterfaceIdentity {
  DeviceName device;
  InterfaceName name;  // ifName, else ifDescr, else "ifIndex N"; "#2" … (identity.hpp)
  std::string labels;  // {device="…",interface="…"} as core/labels.hpp renders it, once
};

struct InterfaceView {
  std::shared_ptr<const InterfaceIdentity> identity;
  std::uint32_t if_index = 0;
  std::string descr;
  std::string alias;
  PhysAddress phys_address;
  WallTime at{};           // when its counters were read, by its collector's wall clock
  LinkName link;           // the link it is an end of; empty: none
  std::optional<bool> up;  // absent: the device did not say
  std::optional<bool> admin_up;
  Held up_held, admin_held;  // since when, as far as it was told
  std::optional<BytesPerSecond> speed;
  CounterSet counters;
  Rate<BytesPerSecond> receive = Gap::first;
  Rate<BytesPerSecond> transmit = Gap::first;
  Rate<PacketsPerSecond> errors = Gap::first;    // both directions
  Rate<PacketsPerSecond> discards = Gap::first;  // both directions
  std::array<std::uint64_t, kGaps> gaps{};       // rates withheld so far, by reason
};

struct DeviceView {
  DeviceName name;
  SiteName site;
  NodeName node;  // who is followed for it, or was last …
  CollectorName collector;
  WallTime at{};        // end of the last poll, by its collector's wall clock; zero: none was told
  bool up = false;      // the last whole poll got an answer
  Held up_held;         // since when, as far as it was told
  bool polled = false;  // a poll ended within the stale time: `up` is of today
  bool fresh = false;   // interfaces and uptime are not stale
  bool own = false;     // told by the host itself: `polls` and the like are not of SNMP
  std::optional<Duration> uptime;  // since its own boot
  std::string sys_name;
  std::string sys_descr;
  std::string sys_object_id;
  std::string problem;  // of the last poll, for people; empty when fine
  std::array<std::uint64_t, kPollResults> polls{};
  std::array<std::uint64_t, kPortChanges> changes{};  // of its interfaces so far, by kind
  Duration poll_took{};
  std::optional<WallTime> last_success;
  std::vector<InterfaceView> interfaces;  // by if_index; empty when not fresh
};

struct LinkEndView {
  DeviceName device;
  std::string interface;  // as configured
  SiteName site;
  std::optional<bool> up;  // absent: not known (stale, silent device, no such interface)
};

struct LinkView {
  LinkName name;
  LinkClass link_class = LinkClass::access;
  WallTime at{};  // of its ends' known interfaces the younger one's
  LinkEndView a;
  std::optional<LinkEndView> b;
  std::optional<bool> up;  // false: an end is known to be down; true: every end is known to be up
                           // (an end that is not ours does not count); absent: cannot be told
  WallTime up_since{};     // when `up` became as it is, by our wall clock; zero: not known
  std::optional<BytesPerSecond> capacity;
  std::optional<BytesPerSecond> a_to_b, b_to_a;
  std::optional<Ratio> utilization_a_to_b, utilization_b_to_a;
};

struct CaptureView {
  NodeName node;
  CaptureSample sample;
  std::optional<double> dropped_packets_per_second;
  // Bytes it saw of those its link's port counted; absent: cannot be told.
  std::optional<double> coverage;
  std::shared_ptr<const TalkersSample> talkers;  // of its last interval; null: none, or stale
};

struct CollectorView {
  NodeName node;
  CollectorName collector;
  WallTime last_batch;  // by the aggregator's clock
  Instant last_batch_at;
  Duration interval{};
  std::uint64_t lost_batches = 0;     // announced as lost, over all epochs seen
  std::uint64_t lost_events = 0;      // that will never come, so far
  std::uint64_t backlog_batches = 0;  // that came late: newer ones were there
  Bytes spool{};                      // what it still had to deliver when it sent the last batch
  // Its wall clock minus ours in the last minutes: positive if it is ahead; absent: it did not
  // tell.
  std::optional<Duration> clock_skew{};
  std::optional<SnmpTotals> snmp{};  // fresh ones only
};

// Metrics that collectors brought along (daemon/state/series.hpp).
struct SeriesFamilyView {
  std::uint32_t id = 0;
  std::string name;
  SeriesType type = SeriesType::gauge;
  std::string help;
  bool info = false;
  std::vector<std::string> bounds{};  // of a histogram, as the label le says them; without +Inf
};
struct SeriesRowView {
  std::string labels;  // {…} as core/labels.hpp renders it
  SeriesValue value;
};
struct SeriesBlockView {
  std::uint32_t family = 0;         // the id of its family
  std::vector<SeriesRowView> rows;  // by labels
  WallTime at{};                    // of the last sample, by its collector's wall clock
};
// All of one device or collector.
struct SubjectSeriesView {
  std::vector<std::shared_ptr<const SeriesBlockView>> blocks;  // by family; several may have one
};

struct Snapshot {
  Instant at;
  WallTime wall;
  std::vector<Site> sites;
  std::vector<std::shared_ptr<const DeviceView>> devices;  // by name
  std::vector<LinkView> links;                             // by name
  std::vector<CaptureView> captures;                       // by name; fresh ones only
  std::vector<CollectorView> collectors;                   // by node, name; silent ones too
  std::shared_ptr<const std::vector<SeriesFamilyView>> series_families;  // by name; may be null
  std::vector<std::shared_ptr<const SubjectSeriesView>> series_of;
  std::uint64_t series = 0;           // admitted now
  std::uint64_t series_rejected = 0;  // refused so far by aggregator.limits
  std::uint64_t samples_refused = 0;  // so far: of devices that the inventory does not name …
};

}  // namespace itnxt
