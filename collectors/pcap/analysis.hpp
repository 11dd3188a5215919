// What one capture finds out: the owner of everything that is counted of its packets. Each part is
// a class of its own, in a file of its own, with tests of its own; here they are only put together.
// One thread. Nothing is allocated for a packet.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "collectors/pcap/insight/insight.hpp"
#include "collectors/pcap/packet.hpp"
#include "collectors/pcap/tally.hpp"
#include "daemon/core/series.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

class Analysis {
 public:
  // `insight`: may be null: then only what is counted is known.
  explicit Analysis(std::unique_ptr<Insight> insight = nullptr) : insight_(std::move(insight)) {}

  // A packet: `original` is its length on the wire, `time` when it was there, by whoever captured
  // it. Times may go back, and a file may hold any.
  void observe(const Packet& packet, Direction direction, std::uint32_t original, WallTime time) {
    tally_.count(packet, direction, original);
    if (insight_) insight_->observe(packet.outer, original, time.time_since_epoch().count());
  }
  void drop(DropPoint where, std::uint64_t packets) { tally_.drop(where, packets); }

  // Null: none. To be settled before it is asked.
  [[nodiscard]] Insight* insight() const { return insight_.get(); }

  // What is known at the end of an interval: the totals, and series that bear the capture's name.
  // What is told of an interval only begins anew.
  void tell(CaptureSample& sample, std::vector<SeriesFamily>& families);

 private:
  Tally tally_;
  const std::unique_ptr<Insight> insight_;
};

}  // namespace itnxt::pcap
