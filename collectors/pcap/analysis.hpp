// What one capture finds out: the owner of everything that is counted of its packets. Each part is
// a class of its own, in a file of its own, with tests of its own; here they are only put together.
// One thread. Nothing is allocated for a packet.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "collectors/pcap/bursts.hpp"
#include "collectors/pcap/classes.hpp"
#include "collectors/pcap/insight/insight.hpp"
#include "collectors/pcap/loss.hpp"
#include "collectors/pcap/packet.hpp"
#include "collectors/pcap/sizes.hpp"
#include "collectors/pcap/storms.hpp"
#include "collectors/pcap/tally.hpp"
#include "collectors/pcap/timeline.hpp"
#include "collectors/pcap/tunnels.hpp"
#include "collectors/pcap/vlans.hpp"
#include "daemon/core/event.hpp"
#include "daemon/core/series.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

struct AnalysisOptions {
  // A savefile: what else is told of an interval is told of all that was read.
  bool whole = false;
  std::uint64_t storm_threshold = 0;  // packets a second; 0: nothing is a storm
};

class Analysis {
 public:
  // `insight`: may be null: then only what is counted is known.
  explicit Analysis(const AnalysisOptions& options = {}, std::unique_ptr<Insight> insight = nullptr)
      : whole_(options.whole), storms_(options.storm_threshold), insight_(std::move(insight)) {}

  // A packet: `original` is its length on the wire, `time` when it was there, by whoever captured
  // it. Times may go back (timeline.hpp), and a file may hold any.
  void observe(const Packet& packet, Direction direction, std::uint32_t original, WallTime time) {
    if (const Duration step = timeline_.see(time); step != Duration::zero()) set_back(step, time);
    tally_.count(packet, direction, original);
    classes_.count(packet, original);
    vlans_.count(packet, original);
    sizes_.count(original);
    bursts_.count(original, time);
    storms_.count(packet.cast, time);
    tunnels_.count(packet);
    if (original > longest_) ++giants_;
    if (packet.cut) ++cut_;
    if (time < first_) first_ = time;
    if (insight_) {
      insight_->observe(innermost(packet), original, time.time_since_epoch().count());
    }
  }
  void drop(DropPoint where, std::uint64_t packets) {
    tally_.drop(where, packets);
    loss_.drop(packets);
  }
  void set_storm_threshold(std::uint64_t threshold) { storms_.set_threshold(threshold); }
  // A longer frame is a giant: no wire carries it, an offload of the network card has merged it.
  void set_longest(std::uint32_t original) { longest_ = original; }
  [[nodiscard]] std::uint64_t giants() const { return giants_; }
  // Packets of which a header is behind the snaplen; of all.
  [[nodiscard]] std::uint64_t cut() const { return cut_; }
  [[nodiscard]] std::uint64_t packets() const { return tally_.packets(); }
  // Dropped unseen.
  [[nodiscard]] std::uint64_t dropped() const { return tally_.dropped(); }
  // The earliest and the latest packet's; both the beginning of 1970 when there was none.
  [[nodiscard]] WallTime first() const { return std::min(first_, last()); }
  [[nodiscard]] WallTime last() const { return std::max(last_, timeline_.latest()); }
  // It is `now` by the clock that stamps the packets, and all before has been observed.
  void tick(WallTime now);
  // How often that clock was set back, and by how much at first.
  [[nodiscard]] std::uint64_t set_backs() const { return set_backs_; }
  [[nodiscard]] Duration first_set_back() const { return first_set_back_; }

  // Null: none. To be settled before it is asked.
  [[nodiscard]] Insight* insight() const { return insight_.get(); }

  // What is known at the end of an interval: the totals, and series that bear the capture's name.
  // What is told of an interval only begins anew.
  void tell(CaptureSample& sample, std::vector<SeriesFamily>& families);
  // What happened since the last call: kind, text, details and wall time are set.
  std::vector<Event> take_events();

 private:
  void set_back(Duration step, WallTime to);

  const bool whole_;
  std::uint32_t longest_ = kLongestFrame;
  std::uint64_t giants_ = 0;
  std::uint64_t cut_ = 0;
  WallTime first_ = WallTime::max();
  WallTime last_{};  // before the clock was set back the last time
  Timeline timeline_;
  std::uint64_t set_backs_ = 0;
  Duration first_set_back_{};
  Tally tally_;
  Classes classes_;
  Sizes sizes_;
  Bursts bursts_;
  Storms storms_;
  Tunnels tunnels_;
  Loss loss_;
  Vlans vlans_;
  const std::unique_ptr<Insight> insight_;
};

}  // namespace itnxt::pcap
