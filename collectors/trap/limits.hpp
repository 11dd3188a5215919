// What keeps a storm small: how often a sender may cause an event, how often a device is polled,
// and which notifications have been seen before. Pure; all bounded; the loop's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collectors/poll_requests.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::trap {

// A bucket for each sender: so many events a second on average, kBurst seconds' worth at once.
class StormLimit {
 public:
  static constexpr std::uint32_t kBurst = 10;
  static constexpr std::size_t kMostSenders = 4096;  // beyond it all others share one bucket
  explicit StormLimit(std::uint32_t per_second) : per_second_(per_second) {}
  // From now on; what was spent and withheld stays.
  void set(std::uint32_t per_second) { per_second_ = per_second; }

  bool admits(const std::string& sender, Instant now);

  struct Withheld {
    std::string sender;  // empty: of those beyond kMostSenders
    std::uint64_t count = 0;
  };
  // Since the last call. Forgets who has been quiet so long that its bucket is full again.
  [[nodiscard]] std::vector<Withheld> take(Instant now);
  [[nodiscard]] std::uint64_t withheld() const { return withheld_; }  // in all

 private:
  struct Bucket {
    double tokens = 0;
    Instant at{};
    std::uint64_t withheld = 0;
  };
  void fill(Bucket& bucket, Instant now) const;
  double per_second_;
  std::map<std::string, Bucket> buckets_;
  std::uint64_t withheld_ = 0;
};

// Polls that were asked for: at once, but a device at most every kQuiet; what is asked meanwhile is
// one poll more at its end. A poll that has found a change pays for kPaid more within that time:
// who sends what is true is heard at once each time, who forges gains nothing. Those come kAtOnce
// at once, then one every kApart.
class PollPace {
 public:
  static constexpr Duration kQuiet = 5s;
  static constexpr int kPaid = 2;
  static constexpr int kMostPaid = 4;
  static constexpr int kAtOnce = 10;
  static constexpr Duration kApart = 500ms;
  // True: poll it now. False: take_due() will have it.
  bool ask(const DeviceName& device, const PollReason& reason, Instant now);
  // A poll of the device that was asked for has found that something had changed.
  void confirmed(const DeviceName& device, Instant now);
  struct Due {
    DeviceName device;
    PollReason reason;
  };
  [[nodiscard]] std::vector<Due> take_due(Instant now);
  // When to look again; absent: nothing waits.
  [[nodiscard]] std::optional<Instant> next_due() const;

 private:
  // Who was polled within kQuiet, no more than there are devices.
  struct Polled {
    Instant quiet_until{};
    // When its polls would be over if each took kApart: no later than quiet_until, so that who is
    // forgotten owes nothing.
    Instant spent_until{};
    int paid = 0;
    std::optional<PollReason> waiting;
    [[nodiscard]] Instant opens() const;
    [[nodiscard]] Instant next() const { return waiting ? opens() : quiet_until; }
  };
  using Devices = std::unordered_map<DeviceName, Polled>;
  static void spend(Polled& polled, Instant now);
  void expire(Instant now, std::vector<Due>* due);
  Devices devices_;
  std::set<std::pair<Instant, DeviceName>> order_;  // all of them, by next()
  std::size_t waiting_ = 0;
};

// Notifications that were taken, by a keyed hash of sender, engine, request-id and content: one
// that comes again is acknowledged again and told no more.
class Seen {
 public:
  static constexpr Duration kWindow = 10min;  // longer than any sender repeats
  static constexpr std::size_t kMost = 65'536;
  // False: it has been seen within kWindow, of the last kMost.
  bool insert(std::uint64_t hash, Instant now);
  [[nodiscard]] bool contains(std::uint64_t hash, Instant now);
  void take_back(std::uint64_t hash) { hashes_.erase(hash); }  // it counts as never seen

 private:
  void forget(Instant now);
  struct Entry {
    Instant at;
    std::uint64_t hash;
  };
  std::deque<Entry> order_;
  std::unordered_map<std::uint64_t, Instant> hashes_;
};

// Links that a poll has found lost though the device sends traps: who told nothing, or was not
// heard.
class MissingTraps {
 public:
  static constexpr Duration kBefore = 60s;  // so old a trap may be: a poll follows within seconds
  static constexpr Duration kGrace = 10s;   // so late it may come
  static constexpr std::size_t kMostOfDevice = 512;  // ports with traps, and losses, kept of one
  // A trap of the device came; `lost`: a linkDown, of that interface or, 0, of any.
  void heard(const DeviceName& device, std::optional<std::uint32_t> lost, Instant now);
  void lost(const DeviceName& device, std::uint32_t if_index, Instant now);

  struct Missing {
    DeviceName device;
    std::uint32_t if_index;
  };
  [[nodiscard]] std::vector<Missing> take_due(Instant now);
  // Every device that has been heard, with how many were missing.
  [[nodiscard]] const std::map<DeviceName, std::uint64_t>& counts() const { return counts_; }
  void forget(const DeviceName& device);

 private:
  struct Mark {
    std::uint32_t if_index;
    Instant at;
  };
  struct Marks {
    std::deque<Mark> traps;
    std::deque<Mark> losses;
    std::optional<Instant> crowded;  // the newest trap that found no room: it may be any port's
  };
  std::map<DeviceName, std::uint64_t> counts_;
  std::map<DeviceName, Marks> marks_;
};

}  // namespace itnxt::trap
