// What a sample costs on its way from a poll to the store: the table that takes the poll, the feed,
// the encoding, the compression. 1,000 devices of 50 interfaces, polled again and again; 900,000
// samples of interfaces a round. Best of several.
//
//   remote_write_bench                     in memory
//   remote_write_bench --disk DIRECTORY    what the queue on the disk adds, batch by batch
//   remote_write_bench URL DEVICES ROUNDS  into a real store, by HTTP
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "daemon/io/poll_loop.hpp"
#include "daemon/io/remote_write/remote_write.hpp"
#include "daemon/io/remote_write/write_queue.hpp"
#include "daemon/metrics/sample_feed.hpp"
#include "tests/state/world.hpp"

namespace itnxt {
namespace {

constexpr int kDevices = 1000;
constexpr std::uint32_t kPorts = 50;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string device_name(int device) {
  return "device-" + std::to_string(device);
}

Config many_devices(int devices) {
  Config config;
  config.node = NodeName("center");
  config.aggregator.state.clear();
  config.aggregator.limits = {100'000'000, 100'000'000};
  for (int d = 0; d < devices; ++d) {
    config.inventory.devices.push_back(test::device(device_name(d).c_str(), "magdeburg"));
  }
  return config;
}

DeviceSample poll_of(const test::Poller& poller, int device) {
  DeviceSample sample = poller.poll(device_name(device).c_str(), {});
  const auto seconds = static_cast<std::uint64_t>(poller.now.time_since_epoch() / 1s);
  for (std::uint32_t i = 1; i <= kPorts; ++i) {
    InterfaceSample one;
    one.if_index = i;
    one.if_name = "GigabitEthernet1/0/" + std::to_string(i);
    one.admin = AdminStatus::up;
    one.oper = OperStatus::up;
    one.speed = bits_per_second(1e9);
    one.at = sample.at;
    one.uptime = *sample.uptime;
    for (std::size_t column = 0; column < kColumns; ++column) {
      one.counters.set(static_cast<Column>(column),
                       {seconds * (1000 + i * 7919 + column * 104'729), CounterWidth::bits64});
    }
    sample.interfaces.push_back(std::move(one));
  }
  return sample;
}

class Count final : public FeedSink {
 public:
  void fed(const FedSample&) override { ++samples; }
  std::size_t samples = 0;
};

// Into a queue that gives every request away at once.
class Encode final : public FeedSink {
 public:
  explicit Encode(Bytes most, DiskLog* log = nullptr)
      : queue_({most, 1, 5000}, {{"region", "north"}}, log) {}
  void commit() { queue_.commit(); }
  void fed(const FedSample& sample) override {
    queue_.add(sample, false, 0);
    ++samples;
    while (const WriteBatch* batch = queue_.begin(0)) {
      bytes += batch->body.size();
      queue_.done(0);
    }
  }
  std::size_t samples = 0;
  std::size_t bytes = 0;

 private:
  WriteQueue queue_;
};

class Round final : private Taken {
 public:
  Round() : table_(many_devices(kDevices)) {}
  // CPU seconds of a poll of all devices; without `to` nobody is told.
  double run(SampleFeed* to, const std::function<void()>& after = nullptr) {
    feed_ = to;
    poller_.pass(60s);
    double best = 0;
    for (int d = 0; d < kDevices; ++d) {
      const Batch batch = poller_.batch({poll_of(poller_, d)});
      const double start = cpu_seconds();
      table_.apply(batch, poller_.now, poller_.wall, to == nullptr ? nullptr : this);
      if (after) after();
      best += cpu_seconds() - start;
    }
    return best;
  }

 private:
  void took(const Sample& sample, const SampleSource& source) override {
    feed_->took(sample, source, table_);
  }
  Table table_;
  test::Poller poller_;
  SampleFeed* feed_ = nullptr;
};

// With the disk and without, by turns, each batch followed by a round of the loop; the threads'
// time counts. Devices report in a second: so often are the files written back here, too.
void run_disk(const char* directory) {
  constexpr int kRuns = 9;
  PollLoop loop;
  auto opened = DiskLog::open(loop, {.directory = directory});
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().c_str());
    std::exit(1);
  }
  Encode plain(Bytes(1ULL << 40U));
  Encode kept(Bytes(1ULL << 40U), opened->log.get());
  double best[2] = {std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  Round rounds[2];
  for (int i = 0; i < 2 * kRuns; ++i) {
    Encode& to = i % 2 == 0 ? plain : kept;
    SampleFeed feed(SampleFeed::Of::present, to);
    const Instant end = loop.now() + 1s;
    int batches = 0;
    const double spent = rounds[i % 2].run(&feed, [&] {
      to.commit();
      const Instant next = end - 1s + ++batches * 1ms;
      const Timer over = loop.after(std::max(next - loop.now(), Duration{}), [&] { loop.stop(); });
      loop.run();
    });
    best[i % 2] = std::min(best[i % 2], spent);
  }
  const double samples = static_cast<double>(plain.samples) / kRuns;
  std::printf("ns CPU a sample: in memory %.1f, on the disk too %.1f: %.2f; problem: %s\n",
              best[0] * 1e9 / samples, best[1] * 1e9 / samples, best[1] / best[0],
              opened->log->problem().empty() ? "none" : opened->log->problem().c_str());
}

double resident_mb() {
  long pages = 0;
  long resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

class Stderr final : public Log {
  void emit(Severity, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

// Rounds of polls, 5 s apart by their time stamps, as fast as the store takes them.
void write_to(const char* url, int devices, int rounds) {
  PollLoop loop;
  Stderr log;
  ProcessFigures figures;
  Config config = many_devices(devices);
  RemoteWriteConfig target;
  target.url = url;
  target.name = "store";
  config.aggregator.remote_write = {target};
  const double before = resident_mb();
  Table table(config);
  auto http = std::move(HttpClient::start(loop)).value();
  RemoteWrite remote(loop, log, *http, figures, table, config);
  test::Poller poller;
  poller.wall = loop.wall_now() - Duration(rounds * 5s);
  const double start = cpu_seconds();
  const Instant begin = loop.now();
  int round = 0;
  Timer next;
  std::function<void()> go_on = [&] {
    for (int d = 0; d < devices; ++d) {
      table.apply(poller.batch({poll_of(poller, d)}), poller.now, poller.wall, remote.present());
    }
    poller.pass(5s);
    remote.drain(10min, [&] {
      if (++round == rounds) return loop.stop();
      next = loop.after(0s, go_on);
    });
  };
  next = loop.after(0s, go_on);
  loop.run();
  const double samples = 18.0 * devices * kPorts * rounds;
  std::printf(
      "%.0f samples of %.0f series: %.0f a second, %.0f ns CPU a sample (HTTP included), "
      "%.0f bytes a series\n",
      samples, samples / rounds, samples / seconds(loop.now() - begin),
      (cpu_seconds() - start) * 1e9 / samples, (resident_mb() - before) * 1e6 / (samples / rounds));
}

void run() {
  constexpr int kRuns = 7;
  double table = std::numeric_limits<double>::max();
  double fed = table;
  double encoded = table;
  Count count;
  Encode encode(Bytes(1ULL << 40U));
  {
    Round round;
    for (int i = 0; i < kRuns; ++i) table = std::min(table, round.run(nullptr));
  }
  {
    Round round;
    SampleFeed feed(SampleFeed::Of::present, count);
    for (int i = 0; i < kRuns; ++i) fed = std::min(fed, round.run(&feed));
  }
  {
    Round round;
    SampleFeed feed(SampleFeed::Of::present, encode);
    for (int i = 0; i < kRuns; ++i) encoded = std::min(encoded, round.run(&feed));
  }
  const double samples = static_cast<double>(count.samples) / kRuns;
  std::printf(
      "%.0f samples a round, ns CPU a sample: table %.1f, feed %.1f, encode and compress %.1f\n",
      samples, table * 1e9 / samples, (fed - table) * 1e9 / samples,
      (encoded - fed) * 1e9 / samples);
  std::printf("%.1f bytes a sample on the wire\n",
              static_cast<double>(encode.bytes) / static_cast<double>(encode.samples));

  // Compression alone, on what one request holds.
  const std::map<std::string, std::string> external = {{"region", "north"}};
  SeriesEncoder encoder(external);
  std::string request;
  for (std::int64_t i = 0; i < 5000; ++i) {
    const std::string labels =
        R"({device="device-1",interface="GigabitEthernet1/0/)" + std::to_string(i / 18) + "\"}";
    encoder.append(request, {"itnxt_interface_receive_bytes_total", labels,
                             static_cast<double>(i * 7919), 1'700'000'000'000 + i, "d", false});
  }
  std::string room;
  double best = std::numeric_limits<double>::max();
  for (int i = 0; i < 50; ++i) {
    const double start = cpu_seconds();
    const std::string block = compress(request, room);
    best = std::min(best, cpu_seconds() - start);
  }
  std::printf("compression alone: %.1f ns a sample, %.2f ms a request of 5,000 (%zu bytes)\n",
              best * 1e9 / 5000, best * 1e3, request.size());
}

}  // namespace
}  // namespace itnxt

int main(int count, char** words) {
  if (count == 3) {
    itnxt::run_disk(words[2]);
  } else if (count == 4) {
    itnxt::write_to(words[1], std::atoi(words[2]), std::atoi(words[3]));
  } else {
    itnxt::run();
  }
}
