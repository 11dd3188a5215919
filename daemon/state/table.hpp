// What the aggregator knows, made of batches. One object, the loop's thread; time is an argument.
//
// Bounds: sites, devices and links are those of the configuration; interfaces, captures and
// collectors are admitted against aggregator.limits; text is as the decoder cut it; a sample of a
// device that the inventory does not name, or that another collector is followed for, is refused
// and counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/captures.hpp"
#include "daemon/state/collectors.hpp"
#include "daemon/state/device_state.hpp"
#include "daemon/state/series.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// Told of each sample of a device or of series right after the table took it: what passes between
// two snapshots is not lost.
class Taken {
 public:
  virtual void took(const Sample& sample, const SampleSource& source) = 0;

 protected:
  ~Taken() = default;
};

class Table {
 public:
  explicit Table(const Config& config);

  // Names that collectors may not use for metrics of their own: the catalogue's.
  void reserve(std::span<const std::string_view> names) { series_.reserve(names); }

  // Takes a batch over, unless it was had before. Of backlog only what is still the latest there
  // can be: younger than the interval it comes at, and nothing newer known. So the table never
  // passes through the past, and after a restart knows what the last polls told, whatever comes
  // first. Cost: one device's rows for each sample. `taken` may be null; it is not told of
  // backlog, which is its own to replay.
  Arrival apply(const Batch& batch, Instant now, WallTime wall, Taken* taken = nullptr);

  // For a table of the past (daemon/io/remote_write/past.hpp): takes over what a batch tells of
  // devices and of series, whatever its number; its time is the batch's own.
  void replay(const Batch& batch, Taken& taken);

  // Takes over what events tell, from `first` on; the later of event and sample counts.
  struct Effect {
    bool changed = false;
    // Which of the batch are not believed, each once, in order: of a device that the inventory does
    // not name or that is another node's, or of a state that another collector is followed for.
    std::vector<std::size_t> refused;
  };
  Effect apply(const EventBatch& batch, std::size_t first, Instant now, WallTime wall);
  // Events of this collector that will never come.
  void count_lost_events(const EventBatch& batch, std::uint64_t count) {
    collectors_.count_lost_events(batch.node, batch.collector, count);
  }

  // Lets go of what is stale. Call every second.
  void tick(Instant now);

  // Takes a new configuration; everything measured of what stays is kept.
  void reconfigure(const Config& config);

  // The present state. Devices are shared with earlier snapshots, not copied.
  std::shared_ptr<const Snapshot> snapshot(Instant now, WallTime wall);

  // Parts of it, as they are now. Null: not known.
  [[nodiscard]] std::shared_ptr<const DeviceView> device(const DeviceName& name) const;
  [[nodiscard]] std::vector<LinkView> links_of(const DeviceName& name) const;
  [[nodiscard]] std::optional<LinkView> link(const LinkName& name) const;
  [[nodiscard]] std::shared_ptr<const SubjectSeriesView> series_of(
      const SeriesSubject& subject) const {
    return series_.of(subject);
  }
  std::shared_ptr<const std::vector<SeriesFamilyView>> series_families() {
    return series_.families();
  }
  // A sample that was refused since the last call, for the log: its device, its node.
  struct Stranger {
    std::string device;
    std::string node;
  };
  std::optional<Stranger> take_stranger() { return std::exchange(stranger_, std::nullopt); }
  // Samples and events that were refused because the device is another node's, since the last call,
  // for the log: the first, and how many.
  struct Trespass {
    DeviceName device;
    NodeName owner;
    Teller by;
    std::uint64_t refused = 0;
  };
  std::optional<Trespass> take_trespass() { return std::exchange(trespass_, std::nullopt); }
  // Devices that are told by another node than before, for log and journal: each at most once a
  // minute.
  std::vector<NodeChange> take_node_changes(Instant now);
  // Devices of whose interfaces aggregator.limits refused some, for the log: each at most once a
  // minute.
  std::vector<RowsRefused> take_refused(Instant now);
  // What became of devices' interfaces, for the log: of each device at most a few a minute.
  std::vector<InterfaceChanges> take_changes(Instant now);
  // Nodes whose clock is off, for the log: each once.
  std::vector<ClockOff> take_clocks_off() { return collectors_.take_clocks_off(); }
  // Metrics of collectors that were refused, for the log: each problem once in ten minutes.
  std::vector<SeriesRefused> take_series_refused(Instant now) { return series_.take_refused(now); }
  // Whether anything changed since the last snapshot().
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  void take(const Config& config);
  void forget_devices();
  void take_links();
  void apply_samples(const Batch& batch, bool is_backlog, Instant now, WallTime wall, Taken* taken);
  [[nodiscard]] bool is_news(const DeviceSample& sample, const SampleSource& source,
                             Instant now) const;
  // Whether the configuration says that this collector polls the device.
  [[nodiscard]] bool is_configured(const DeviceName& device, const NodeName& node,
                                   const CollectorName& collector) const;
  bool apply(const DeviceSample& sample, const SampleSource& source, Instant now, WallTime wall);
  void note_trespass(const DeviceState& device, const Teller& by, std::uint64_t refused);
  void apply(const CaptureSample& sample, const SampleSource& source, Instant now);
  bool apply(const SeriesSample& sample, const SampleSource& source, Duration interval,
             Instant now);
  [[nodiscard]] std::vector<LinkView> link_views() const;

  // What the configuration says of this node's collectors.
  struct Roles {
    std::set<CollectorName> names;
    std::map<DeviceName, CollectorName> pollers;
    bool operator==(const Roles&) const = default;
  };
  static Roles roles(const Config& config);

  struct Port {
    DeviceState* device = nullptr;
    std::size_t index = 0;
  };
  struct LinkPorts {
    Link link;
    Port a;
    Port b;
  };

  NodeName node_;
  Inventory inventory_;
  Roles roles_;
  std::uint32_t stale_after_ = 3;
  Admission admission_;
  std::uint64_t configured_series_ = 0;  // of sites, devices and links: taken, never refused
  std::map<DeviceName, DeviceState> devices_;
  [[nodiscard]] static LinkView link_view(const LinkPorts& link);

  [[nodiscard]] const LinkPorts* find_link(const LinkName& name) const;
  [[nodiscard]] static const InterfaceView* interface_of(const Port& port);
  void tell_captures(const DeviceName& device);
  [[nodiscard]] std::optional<double> coverage(const CaptureView& capture) const;

  std::vector<LinkPorts> links_;                     // by name
  std::multimap<DeviceName, std::size_t> links_at_;  // indices of links_, by the devices they join
  Captures captures_;
  Collectors collectors_;
  Series series_;
  std::uint64_t samples_refused_ = 0;
  std::optional<Stranger> stranger_;
  std::optional<Trespass> trespass_;
  bool changed_ = true;
};

}  // namespace itnxt
