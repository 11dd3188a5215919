// How fast an aggregator takes batches over on one core: decoded from their bytes, then applied to
// its table. Counted as Prometheus counts samples: a value of a row that a scrape would show or a
// rate needs: 12 counters; status, speed and texts of the row come along uncounted.
// Bar: 3 million a second.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/state/table.hpp"
#include "daemon/wire/codec.hpp"
#include "tests/bench/switches.hpp"

namespace {

using namespace itnxt;

constexpr std::size_t kDevices = 1000;

Config network() {
  Config config;
  config.node = NodeName("center");
  config.aggregator.limits = {10'000'000, 10'000'000};
  for (std::size_t d = 0; d < kDevices; ++d) {
    Device device;
    device.name = DeviceName(bench::switch_name(d));
    config.inventory.devices.push_back(std::move(device));
  }
  for (std::size_t d = 0; d + 1 < kDevices; ++d) {
    Link link;
    link.name = LinkName("link-" + std::to_string(d));
    link.a = {DeviceName(bench::switch_name(d)), "Gi1/0/1"};
    link.b = LinkEnd{DeviceName(bench::switch_name(d + 1)), "Gi1/0/2"};
    config.inventory.links.push_back(std::move(link));
  }
  return config;
}

// One round of polls of the whole network, as it comes in.
std::vector<std::string> make_round(std::uint64_t round) {
  std::vector<std::string> messages;
  for (std::size_t d = 0; d < kDevices; d += bench::kSwitchesOfBatch) {
    const std::uint64_t sequence = (round * kDevices + d) / bench::kSwitchesOfBatch + 1;
    messages.push_back(wire::encode(bench::switch_batch(d, round, sequence)));
  }
  return messages;
}

}  // namespace

int main() {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t kRounds = 12;
  constexpr std::uint64_t kWarm = 2;
  const Config config = network();
  Table table(config);
  wire::Decoder decoder;
  std::chrono::duration<double> decoding{};
  std::chrono::duration<double> applying{};
  std::chrono::duration<double> showing{};
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const Instant now(Duration(1000s) + 60s * round);
    const WallTime wall(Duration(1'700'000'000s) + 60s * round);
    for (const std::string& message : make_round(round)) {
      const std::string_view part = message;
      const auto begin = Clock::now();
      if (decoder.decode({&part, 1})) return 1;
      const auto decoded = Clock::now();
      if (table.apply(decoder.batch(), now, wall) != Arrival::fresh) return 1;
      const auto applied = Clock::now();
      if (round < kWarm) continue;
      decoding += decoded - begin;
      applying += applied - decoded;
    }
    const auto begin = Clock::now();
    const auto snapshot = table.snapshot(now, wall);
    if (round >= kWarm) showing += Clock::now() - begin;
    if (round > 0 && snapshot->links[0].up != true) return 1;
  }
  constexpr double kTaken = static_cast<double>((kRounds - kWarm) * kDevices * bench::kPorts);
  const auto tell = [](const char* step, std::chrono::duration<double> took) {
    std::printf("%-16s %6.2f million counters a second, %5.2f million rows\n", step,
                kTaken * kColumns / took.count() / 1e6, kTaken / took.count() / 1e6);
  };
  tell("decode", decoding);
  tell("apply", applying);
  tell("decode + apply", decoding + applying);
  std::printf("snapshot of %zu devices, %zu links: %.2f ms\n", kDevices, kDevices - 1,
              showing.count() * 1e3 / static_cast<double>(kRounds - kWarm));
  return kTaken * kColumns / (decoding + applying).count() < 3e6 ? 1 : 0;
}
