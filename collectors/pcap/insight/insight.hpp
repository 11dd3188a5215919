// What is learned of a capture beyond its counters: TCP's health by pairs of sites, who talks most,
// floods. Pure: packets in, values out; time is the packets' own. One thread.
//
// Cost: observe() writes what it needs of a packet into a ring and works on one that came kLine
// packets before; by then what that one needs of the flow cache has come from memory. Sketches are
// fed when a flow goes and at roll(), sites are looked up when a flow comes. Nothing is allocated
// for a packet, memory is constant whatever comes.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "collectors/pcap/insight/floods.hpp"
#include "collectors/pcap/insight/flow_cache.hpp"
#include "collectors/pcap/insight/keyed_hash.hpp"
#include "collectors/pcap/insight/site_map.hpp"
#include "collectors/pcap/insight/site_pairs.hpp"
#include "collectors/pcap/insight/talkers.hpp"
#include "collectors/pcap/insight/tcp_health.hpp"

namespace itnxt::pcap {

struct InsightLimits {
  std::size_t flows = 131'072;
  std::size_t pairs = 64;
  NetworkLengths networks;
  FloodLimits floods;
};

class Insight {
 public:
  Insight(const InsightLimits& limits, SiteMap sites, const HashSecret& secret);

  // Goes on by other limits and another map, with all that it has counted. Numbers of sites that
  // have pairs must mean the same sites as before. Connections under way stay with their pair; the
  // interval's talkers are lost where networks are other ones, flows' state where their number is.
  void set(const InsightLimits& limits, SiteMap sites);

  // The innermost datagram of a packet that was `bytes` long on the wire, tunnels' headers
  // included, at `time`: nanoseconds since 1970 by the capture's clock. A time before the one of an
  // earlier packet is taken for that.
  void observe(const Datagram& datagram, std::uint32_t bytes, std::int64_t time) {
    if (!datagram.there) return;
    enqueue(datagram, bytes, time);
  }

  // The clock was set back by `step` nanoseconds, from the latest packet's time: what comes next is
  // of then, and flows and floods go on as if it came at once.
  void set_back(std::int64_t step);

  // Everything observed is in what the functions below tell. `time`: until when by the same clock
  // all packets are here, or nothing: until the last one. How long a flow has been silent is known
  // by it, and which floods are over; packets of before it that come late keep their times.
  void settle(std::optional<std::int64_t> time);
  [[nodiscard]] const SitePairs& pairs() const { return pairs_; }
  [[nodiscard]] const Talkers& talkers() const { return talkers_; }
  [[nodiscard]] const SiteMap& sites() const { return sites_; }
  [[nodiscard]] std::vector<FloodChange> take_flood_changes() { return floods_.take_changes(); }
  // The talkers' next interval begins.
  void clear_talkers() { talkers_.clear(); }

 private:
  static constexpr std::uint32_t kLine = 16;  // a power of two
  struct Entry {
    FlowKey key;
    std::uint64_t hash = 0;
    Micros at = 0;
    std::uint32_t bytes = 0;
    std::uint8_t from = 0;
    std::uint8_t way = 0;  // of the cache's set, where its flow seems to be
  };
  struct TcpEntry : Entry {
    TcpSegment tcp;
  };
  // Those of one kind: TCP and the rest part here, where the processor still remembers which it is.
  template <class T>
  struct Line {
    std::array<T, kLine> places;
    std::uint32_t entered = 0, left = 0;  // packets so far; wrap together
  };

  void enqueue(const Datagram& datagram, std::uint32_t bytes, std::int64_t time);
  template <class T>
  T& enter(Line<T>& line, const Datagram& datagram, std::uint32_t bytes);
  template <class T>
  void empty(Line<T>& line);
  Flow& account(const Entry& packet, bool& fresh);
  void process(const Entry& packet);
  void process(const TcpEntry& packet);
  void watch_for_floods(const Datagram& datagram, std::uint32_t bytes);
  void watch_first_fragment(const Datagram& datagram);
  void move_to(std::int64_t time) {
    if (time >= next_second_) [[unlikely]]
      return begin_second(time);
    if (time <= now_) return;
    now_ = time;
    micros_ = micros_at(time);
  }
  void begin_second(std::int64_t time);
  void sweep(std::int64_t until, bool all_are_old);
  void retire(Flow& flow, std::int32_t silent);
  // Of a time that is not before the first packet's.
  [[nodiscard]] Micros micros_at(std::int64_t time) const {
    return static_cast<Micros>((time - *begun_) / 1000) + before_;
  }

  InsightLimits limits_;
  Networks network_;
  SiteMap sites_;
  const KeyedHash hash_;
  SitePairs pairs_;
  FlowCache cache_;
  Talkers talkers_;
  Floods floods_;

  Line<TcpEntry> tcp_;
  Line<Entry> rest_;
  // Times in nanoseconds since 1970.
  std::optional<std::int64_t> begun_;  // the first packet's, or when the clock was set back
  Micros before_ = 0;                  // flows' time then
  std::int64_t now_ = 0;
  std::int64_t next_second_ = std::numeric_limits<std::int64_t>::min();  // when the next one begins
  std::int64_t next_sweep_ = 0;
  Micros micros_ = 0;  // now_ as the flows tell time
};

}  // namespace itnxt::pcap
