// Broadcast and multicast storms: more such packets in each of kSustained seconds on end than the
// threshold. One is over when kCalm seconds on end stayed below half of it. By the packets' own
// time stamps, in whole seconds; a second without any is calm. A packet of an earlier second counts
// in the one under way. Pure; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "collectors/pcap/packet.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

struct StormChange {
  Cast cast = Cast::broadcast;
  bool begins = false;
  WallTime at;                // when the storm began or ended
  std::uint64_t packets = 0;  // of the storm so far
  std::uint64_t peak = 0;     // of one second
  std::int64_t seconds = 0;   // how long it lasts or lasted
};

class Storms {
 public:
  static constexpr std::int64_t kSustained = 5;
  static constexpr std::int64_t kCalm = 10;

  // `threshold`: packets a second; 0: nothing is a storm.
  explicit Storms(std::uint64_t threshold) : threshold_(threshold) {}

  // From the second under way on. A storm under way is judged by it, too; 0 ends it.
  void set_threshold(std::uint64_t threshold);

  void count(Cast cast, WallTime time) {
    if (cast == Cast::broadcast) return count(broadcast_, time);
    if (cast == Cast::multicast) return count(multicast_, time);
  }
  // The clock was set back by `step`: what goes on lasts as long as before.
  void set_back(Duration step);
  // It is `now` by the clock that stamps the packets, and all before was counted.
  void tick(WallTime now);
  // What began or ended since the last call, in order; what is beyond kMostChanges is not told.
  static constexpr std::size_t kMostChanges = 64;
  std::vector<StormChange> take();

  [[nodiscard]] std::uint64_t packets(Cast cast) const {
    return (cast == Cast::broadcast ? broadcast_ : multicast_).total;
  }

 private:
  struct Watch {
    Cast cast = Cast::broadcast;
    std::uint64_t total = 0;
    std::int64_t second = 0;  // under way, since 1970
    std::uint64_t now = 0;    // packets in it
    std::int64_t above = 0;   // seconds on end
    std::int64_t calm = 0;    // the same, while it rages
    std::int64_t calm_since = 0;
    std::int64_t began = 0;  // the first of `above`
    bool raging = false;
    std::uint64_t packets = 0;  // since `began`
    std::uint64_t peak = 0;
  };

  void count(Watch& watch, WallTime time) {
    const std::int64_t second = time.time_since_epoch().count() / 1'000'000'000;
    if (second != watch.second) pass(watch, second);
    ++watch.now;
    ++watch.total;
  }
  // The second under way is over; it is `second` now.
  void pass(Watch& watch, std::int64_t second);
  // `packets` came in each of `seconds` from `first` on.
  void judge(Watch& watch, std::int64_t first, std::int64_t seconds, std::uint64_t packets);
  void tell(const Watch& watch, bool begins, std::int64_t at, std::int64_t seconds);

  std::uint64_t threshold_;
  Watch broadcast_{.cast = Cast::broadcast};
  Watch multicast_{.cast = Cast::multicast};
  std::vector<StormChange> changes_;
};

}  // namespace itnxt::pcap
