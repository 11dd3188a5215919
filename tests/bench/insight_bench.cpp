// insight_bench [PACKETS] [FLOWS]: nanoseconds of CPU a packet for everything behind the decoder,
// for FLOWS flows in random order, and for a packet of a new flow each time. Medians of seven
// rounds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <vector>

#include "collectors/pcap/insight/insight.hpp"

namespace {

using namespace itnxt::pcap;

Datagram datagram_of(std::uint64_t flow, bool back, std::uint32_t count) {
  Datagram d;
  d.there = true;
  d.version = 4;
  d.source = v4(0x0a000000U + static_cast<std::uint32_t>(flow % 200'000));
  d.destination = v4(0xc0a80000U + static_cast<std::uint32_t>(flow % 997));
  d.source_port = static_cast<std::uint16_t>(1024 + flow / 7 % 60'000);
  d.destination_port = 443;
  d.payload = 1000;
  if (flow % 10 < 7) {
    d.protocol = 6;
    d.upper = Upper::tcp;
    d.flags = tcp_flag::ack;
    d.window = 1000;
    d.sequence = count * 1000;
    d.acknowledgement = count * 1000;
    d.has_timestamps = true;
    d.ts_value = count;
    d.ts_echo = count;
  } else {
    d.protocol = 17;
    d.upper = Upper::udp;
  }
  if (back) {
    std::swap(d.source, d.destination);
    std::swap(d.source_port, d.destination_port);
  }
  return d;
}

double round_of(const std::vector<Datagram>& packets) {
  const std::clock_t begin = std::clock();
  const auto insight =
      std::make_unique<Insight>(InsightLimits{}, SiteMap(), HashSecret{1, 2, 3, 4, 5, 6});
  std::int64_t time = 1'700'000'000'000'000'000;
  for (const Datagram& one : packets) insight->observe(one, 1040, time += 1000);
  insight->settle(std::nullopt);
  const auto took = static_cast<double>(std::clock() - begin) * 1e9 / CLOCKS_PER_SEC;
  if (insight->talkers().packets() == 0) std::abort();
  return took / static_cast<double>(packets.size());
}

void measure(const char* what, const std::vector<Datagram>& packets) {
  std::vector<double> rounds;
  for (int i = 0; i < 7; ++i) rounds.push_back(round_of(packets));
  std::sort(rounds.begin(), rounds.end());
  std::printf("%-28s %.1f ns a packet\n", what, rounds[3]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t packets = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  const std::uint64_t flows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50'000;
  std::mt19937_64 random(1);
  std::vector<std::uint32_t> counts(flows);
  std::vector<Datagram> made;
  made.reserve(packets);
  for (std::uint64_t i = 0; i < packets; ++i) {
    const std::uint64_t flow = random() % flows;
    made.push_back(datagram_of(flow, random() % 2 == 0, ++counts[flow]));
  }
  measure("known flows", made);
  if (argc > 3) return 0;
  made.clear();
  for (std::uint64_t i = 0; i < packets; ++i) made.push_back(datagram_of(random(), false, 1));
  measure("a new flow each packet", made);
}
