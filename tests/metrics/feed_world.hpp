// A table, a feed that follows it, and what the feed told.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "daemon/metrics/sample_feed.hpp"
#include "tests/state/world.hpp"

namespace itnxt::test {

class FedSamples final : public FeedSink {
 public:
  struct One {
    std::string series;  // name and labels, as /metrics writes them
    double value = 0;
    std::int64_t at = 0;
    std::string subject;
    bool late = false;
    [[nodiscard]] bool is_marker() const {
      return std::bit_cast<std::uint64_t>(value) == kStaleMarker;
    }
  };
  void fed(const FedSample& sample) override {
    all.push_back({std::string(sample.metric) + std::string(sample.labels), sample.value, sample.at,
                   std::string(sample.subject), sample.late});
  }
  // "series value@milliseconds since the beginning", of those whose name begins so; then forgets.
  std::string take(std::string_view prefix, WallTime begin = Poller().wall) {
    std::string text;
    const std::int64_t zero =
        std::chrono::floor<std::chrono::milliseconds>(begin).time_since_epoch().count();
    for (const One& one : all) {
      if (!one.series.starts_with(prefix)) continue;
      text += one.series + ' ' +
              (one.is_marker() ? "stale" : std::to_string(static_cast<long long>(one.value))) +
              '@' + std::to_string(one.at - zero) + (one.late ? " late\n" : "\n");
    }
    all.clear();
    return text;
  }
  std::vector<One> all;
};

struct FeedWorld final : private Taken {
  explicit FeedWorld(const Config& config = two_routers()) : table(config) {}
  void send(std::vector<Sample> samples) { apply(poller.batch(std::move(samples))); }
  void apply(const Batch& batch) { table.apply(batch, poller.now, poller.wall, this); }
  void look() {
    table.tick(poller.now);
    feed.look(table, poller.wall);
  }

  Table table;
  FedSamples told;
  SampleFeed feed{SampleFeed::Of::present, told};
  Poller poller;

 private:
  void took(const Sample& sample, const SampleSource& source) override {
    feed.took(sample, source, table);
  }
};

}  // namespace itnxt::test
