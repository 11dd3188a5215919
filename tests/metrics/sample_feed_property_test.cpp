// Whatever happens to devices and clocks: the time stamps of a series strictly increase but for
// what is said to be late, and what is told is what the table shows.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/metrics/feed_world.hpp"

namespace itnxt::test {
namespace {

class History {
 public:
  explicit History(unsigned seed) : random_(seed) {}

  void run() {
    for (int step = 0; step < 300 && !::testing::Test::HasFailure(); ++step) {
      act();
      check();
    }
  }

 private:
  unsigned below(unsigned most) { return static_cast<unsigned>(random_() % most); }

  DeviceSample poll(const char* name) {
    if (below(6) == 0) return world_.poller.timeout(name);
    std::vector<InterfaceRow> rows;
    for (std::uint32_t i = 1; i <= 3; ++i) {
      if (below(8) != 0) rows.push_back({i, kNames[i - 1], random_() % 1'000'000, 0});
    }
    DeviceSample sample = world_.poller.poll(name, rows);
    sample.complete = below(4) != 0;
    for (InterfaceSample& one : sample.interfaces) one.at -= Duration(below(3000) * 1'000'000);
    return sample;
  }

  void act() {
    world_.poller.pass(Duration(std::chrono::milliseconds(below(90'000))));
    switch (below(10)) {
      case 0:
        world_.look();
        break;
      case 1:
        skew_ = std::chrono::seconds(below(600)) - 300s;  // its clock is set
        break;
      case 2:
        world_.poller.pass(300s);
        world_.look();
        break;
      case 3:
        ++world_.poller.epoch;
        world_.poller.sequence = 0;
        break;
      default:
        break;
    }
    std::vector<Sample> samples;
    for (const char* name : {"r1", "r2"}) {
      if (below(3) != 0) samples.emplace_back(poll(name));
    }
    Batch batch = world_.poller.batch(std::move(samples));
    batch.closed_wall += skew_;
    world_.poller.pass(Duration(below(5) * 100'000'000));
    world_.apply(batch);
  }

  void check() {
    for (const FedSamples::One& one : world_.told.all) {
      if (one.late) continue;
      const auto [entry, is_new] = last_.try_emplace(one.series, one.at);
      if (is_new) continue;
      EXPECT_LT(entry->second, one.at) << one.series;
      entry->second = one.at;
    }
    told_ += world_.told.all.size();
    world_.told.all.clear();
  }

  static constexpr const char* kNames[] = {"eth0", "eth1", "eth2"};
  std::mt19937 random_;
  FeedWorld world_;
  Duration skew_{};
  std::map<std::string, std::int64_t> last_;
  std::size_t told_ = 0;
};

TEST(SampleFeedProperty, TimeStampsOfASeriesIncrease) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    History(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace itnxt::test
