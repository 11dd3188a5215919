// capture_live bare|itnxt INTERFACE PACKETS: counts packets on an interface until so many were
// there, and prints how many, how many were dropped, and the CPU (user + system) of one in ns.
// bare: pcap_loop with a callback that counts, on a handle set up as ours. capture_live.py drives
// it.
#include <pcap/pcap.h>
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "collectors/pcap/collector.hpp"
#include "daemon/io/poll_loop.hpp"
#include "tests/support/recording.hpp"

namespace {

using namespace itnxt;

struct Counted {
  std::uint64_t packets = 0;
  std::uint64_t dropped = 0;
};

void ready() {
  std::puts("ready");
  (void)std::fflush(stdout);
}

struct Bare {
  pcap_t* handle = nullptr;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t most = 0;
};

Counted bare(const std::string& interface, std::uint64_t most) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  Bare one;
  one.most = most;
  one.handle = pcap_create(interface.c_str(), error.data());
  const PcapCollectorConfig config;
  (void)pcap_set_snaplen(one.handle, static_cast<int>(config.snaplen));
  (void)pcap_set_promisc(one.handle, 1);
  (void)pcap_set_timeout(one.handle, 100);
  (void)pcap_set_buffer_size(one.handle, static_cast<int>(config.buffer.count()));
  if (pcap_activate(one.handle) < 0) return {};
  bpf_program everything{};  // what makes the kernel copy no more than snaplen
  (void)pcap_compile(one.handle, &everything, "", 1, PCAP_NETMASK_UNKNOWN);
  (void)pcap_setfilter(one.handle, &everything);
  ready();
  (void)pcap_loop(
      one.handle, -1,
      [](u_char* user, const pcap_pkthdr* header, const u_char*) {
        Bare& sum = *reinterpret_cast<Bare*>(user);
        sum.bytes += header->len;
        if (++sum.packets >= sum.most) pcap_breakloop(sum.handle);
      },
      reinterpret_cast<u_char*>(&one));
  pcap_stat stats{};
  (void)pcap_stats(one.handle, &stats);
  pcap_freecode(&everything);
  pcap_close(one.handle);
  return {one.packets, stats.ps_drop};
}

class Sink final : public itnxt::Sink {
 public:
  Sink(PollLoop& loop, std::uint64_t most) : loop_(loop), most_(most) {}
  void publish(Sample sample) override {
    const auto* capture = std::get_if<CaptureSample>(&sample);
    if (capture == nullptr) return;
    if (capture->open && !std::exchange(open_, true)) ready();
    counted = {};
    for (const auto& direction : capture->traffic) {
      for (const TrafficCount& cell : direction) counted.packets += cell.packets.count();
    }
    for (const Packets dropped : capture->dropped) counted.dropped += dropped.count();
    if (counted.packets + counted.dropped >= most_) loop_.stop();
  }
  void report(Event) override {}
  Counted counted;

 private:
  PollLoop& loop_;
  const std::uint64_t most_;
  bool open_ = false;
};

Counted ours(const std::string& interface, std::uint64_t most) {
  PollLoop loop;
  Sink sink(loop, most);
  test::RecordingLog log;
  PcapCollectorConfig config;
  config.name = CollectorName("bench");
  config.interface = interface;
  const auto collector = make_pcap_collector(config, {loop, sink, log});
  collector->start();
  loop.run();
  return sink.counted;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: capture_live bare|itnxt INTERFACE PACKETS\n");
    return 2;
  }
  const std::uint64_t most = std::strtoull(argv[3], nullptr, 10);
  const Counted counted =
      std::string(argv[1]) == "bare" ? bare(argv[2], most) : ours(argv[2], most);
  rusage used{};
  (void)::getrusage(RUSAGE_SELF, &used);
  const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  std::printf("%llu %llu %.1f\n", static_cast<unsigned long long>(counted.packets),
              static_cast<unsigned long long>(counted.dropped),
              cpu * 1e9 / static_cast<double>(counted.packets));
  return counted.packets > 0 ? 0 : 1;
}
