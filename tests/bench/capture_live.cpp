// capture_live plain|tuned|itnxt|counts INTERFACE PACKETS: counts packets on an interface until so
// many were there, and prints how many, how many were dropped, and the CPU (user + system) of one
// in ns. plain: pcap_loop with a callback that counts, on a handle as pcap_open_live() makes it but
// for the ring's size, which is ours. tuned: the same with our snaplen, and a filter so that the
// kernel obeys it. counts: our capture without flows, TCP health, talkers and floods.
// capture_live.py drives it.
#include <pcap/pcap.h>
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "collectors/pcap/capture.hpp"
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

Counted bare(const std::string& interface, std::uint64_t most, bool tuned) {
  constexpr int kPlainSnaplen = 262144;  // tcpdump's
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  Bare one;
  one.most = most;
  one.handle = pcap_create(interface.c_str(), error.data());
  const PcapCollectorConfig config;
  const int snaplen = tuned ? static_cast<int>(config.snaplen) : kPlainSnaplen;
  (void)pcap_set_snaplen(one.handle, snaplen);
  (void)pcap_set_promisc(one.handle, 1);
  (void)pcap_set_timeout(one.handle, 100);
  (void)pcap_set_buffer_size(one.handle, static_cast<int>(config.buffer.count()));
  if (pcap_activate(one.handle) < 0) return {};
  bpf_program everything{};  // what makes the kernel copy no more than snaplen
  if (tuned) {
    (void)pcap_compile(one.handle, &everything, "", 1, PCAP_NETMASK_UNKNOWN);
    (void)pcap_setfilter(one.handle, &everything);
  }
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

Counted counted_of(const CaptureSample& sample) {
  Counted counted;
  for (const auto& direction : sample.traffic) {
    for (const TrafficCount& cell : direction) counted.packets += cell.packets.count();
  }
  for (const Packets dropped : sample.dropped) counted.dropped += dropped.count();
  return counted;
}

class Sink final : public itnxt::Sink {
 public:
  Sink(PollLoop& loop, std::uint64_t most) : loop_(loop), most_(most) {}
  void publish(Sample sample) override {
    const auto* capture = std::get_if<CaptureSample>(&sample);
    if (capture == nullptr) return;
    if (capture->open && !std::exchange(open_, true)) ready();
    counted = counted_of(*capture);
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

// Looks once a second whether that was all.
class Counts {
 public:
  Counts(std::unique_ptr<pcap::Capture> capture, std::uint64_t most)
      : capture_(std::move(capture)), most_(most) {}

  Counted run() {
    watch_ = loop_.watch(capture_->fd(), Interest::readable,
                         [this] { (void)capture_->read(analysis_); });
    look();
    ready();
    loop_.run();
    return counted_;
  }

 private:
  void look() {
    capture_->count_drops(analysis_);
    CaptureSample sample;
    std::vector<SeriesFamily> families;
    analysis_.tell(sample, families);
    counted_ = counted_of(sample);
    if (counted_.packets + counted_.dropped >= most_) return loop_.stop();
    timer_ = loop_.after(1s, [this] { look(); });
  }

  PollLoop loop_;
  const std::unique_ptr<pcap::Capture> capture_;
  const std::uint64_t most_;
  pcap::Analysis analysis_;
  Counted counted_;
  Watch watch_;
  Timer timer_;
};

Counted counts(const std::string& interface, std::uint64_t most) {
  static const pcap::PrefixSet anywhere;
  const PcapCollectorConfig config;
  std::string remark;
  pcap::Opened opened =
      pcap::open_live({interface, config.filter, config.snaplen, anywhere, config.buffer}, remark);
  auto* const capture = std::get_if<std::unique_ptr<pcap::Capture>>(&opened);
  return capture == nullptr ? Counted{} : Counts(std::move(*capture), most).run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: capture_live plain|tuned|itnxt|counts INTERFACE PACKETS\n");
    return 2;
  }
  const std::uint64_t most = std::strtoull(argv[3], nullptr, 10);
  const std::string who = argv[1];
  const Counted counted = who == "plain"    ? bare(argv[2], most, false)
                          : who == "tuned"  ? bare(argv[2], most, true)
                          : who == "counts" ? counts(argv[2], most)
                                            : ours(argv[2], most);
  rusage used{};
  (void)::getrusage(RUSAGE_SELF, &used);
  const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  std::printf("%llu %llu %.1f\n", static_cast<unsigned long long>(counted.packets),
              static_cast<unsigned long long>(counted.dropped),
              cpu * 1e9 / static_cast<double>(counted.packets));
  return counted.packets > 0 ? 0 : 1;
}
