// capture_file FILE [ROUNDS [CONTENDER]]: CPU (user + system) of our capture collector on a
// savefile, against a bare libpcap loop that only counts, and against softflowd -r. Medians of
// interleaved rounds, each in a process of its own. Fails when we cost more than softflowd or count
// other packets than the bare loop. With CONTENDER (bare, itnxt, softflowd) that one runs alone:
// for a profiler.
#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/pcap/collector.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"

namespace {

using namespace itnxt;

struct Counted {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

Counted bare(const std::string& file) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* const handle = pcap_open_offline(file.c_str(), error.data());
  Counted counted;
  if (handle == nullptr) return counted;
  (void)pcap_loop(
      handle, -1,
      [](u_char* user, const pcap_pkthdr* header, const u_char*) {
        auto& sum = *reinterpret_cast<Counted*>(user);
        ++sum.packets;
        sum.bytes += header->len;
      },
      reinterpret_cast<u_char*>(&counted));
  pcap_close(handle);
  return counted;
}

Counted ours(const std::string& file) {
  test::FakeLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  PcapCollectorConfig config;
  config.name = CollectorName("bench");
  config.file = file;
  const auto collector = make_pcap_collector(config, {loop, sink, log});
  collector->start();
  while (sink.samples.size() < 4) loop.run_ready();  // counts and series, opened and finished
  Counted counted;
  for (const auto& direction : sink.all<CaptureSample>().back().traffic) {
    for (const TrafficCount& cell : direction) {
      counted.packets += cell.packets.count();
      counted.bytes += cell.bytes.count();
    }
  }
  return counted;
}

// Statistics only, no export: the cheapest thing it does. It removes its pid file at the end, so
// that must be a file of our own.
Counted softflowd(const std::string& file) {
  const std::string pid_file =
      (std::filesystem::temp_directory_path() / ("capture_file." + std::to_string(::getpid())))
          .string();
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  (void)::dup2(null, STDOUT_FILENO);
  (void)::dup2(null, STDERR_FILENO);
  ::execlp("softflowd", "softflowd", "-d", "-p", pid_file.c_str(), "-c", "none", "-r", file.c_str(),
           static_cast<char*>(nullptr));
  ::_exit(127);
}

struct Contender {
  const char* word;
  const char* name;
  std::function<Counted(const std::string&)> run;
  std::vector<double> seconds = {};
  Counted counted = {};
  bool there = true;
};

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

void measure(Contender& contender, const std::string& file) {
  std::array<int, 2> ends{};
  if (!contender.there || ::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const pid_t child = ::fork();
  if (child == 0) {
    const Counted counted = contender.run(file);
    ::_exit(::write(ends[1], &counted, sizeof counted) == sizeof counted ? 0 : 1);
  }
  (void)::close(ends[1]);
  if (::read(ends[0], &contender.counted, sizeof contender.counted) < 0) contender.counted = {};
  (void)::close(ends[0]);
  int status = 0;
  rusage used{};
  (void)::wait4(child, &status, 0, &used);
  contender.there = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  contender.seconds.push_back(seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run_alone(std::span<Contender> contenders, std::string_view word, const std::string& file,
              int rounds) {
  for (Contender& contender : contenders) {
    if (contender.word != word) continue;
    for (int round = 0; round < rounds; ++round) measure(contender, file);
    const double packets = static_cast<double>(contender.counted.packets);
    std::printf(
        "%s: median %.1f, least %.1f ns a packet\n", contender.name,
        median(contender.seconds) * 1e9 / packets,
        *std::min_element(contender.seconds.begin(), contender.seconds.end()) * 1e9 / packets);
    return 0;
  }
  std::fprintf(stderr, "capture_file: no contender of that name\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: capture_file FILE [ROUNDS [bare|itnxt|softflowd]]\n");
    return 2;
  }
  const std::string file = argv[1];
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
  std::array contenders = {Contender{"bare", "bare pcap_loop", bare},
                           Contender{"itnxt", "itnxt collector", ours},
                           Contender{"softflowd", "softflowd -r", softflowd}};
  (void)bare(file);  // into the page cache
  if (argc > 3) return run_alone(contenders, argv[3], file, rounds);
  for (int round = 0; round < rounds; ++round) {
    for (Contender& contender : contenders) measure(contender, file);
  }

  const Counted truth = contenders[0].counted;
  std::printf("%s: %llu packets\n", file.c_str(), static_cast<unsigned long long>(truth.packets));
  for (const Contender& contender : contenders) {
    if (!contender.there) {
      std::printf("%-16s did not run (is it installed?)\n", contender.name);
      continue;
    }
    const double cpu = median(contender.seconds);
    std::printf("%-16s %.3f s CPU, %.1f ns a packet\n", contender.name, cpu,
                cpu * 1e9 / static_cast<double>(truth.packets));
  }
  const Counted counted = contenders[1].counted;
  if (truth.packets == 0 || counted.packets != truth.packets || counted.bytes != truth.bytes) {
    std::printf("FAILED: the counts differ\n");
    return 1;
  }
  const double cpu = median(contenders[1].seconds);
  std::printf("itnxt / bare loop  %.2f (aim: at most 1.60)\n", cpu / median(contenders[0].seconds));
  if (!contenders[2].there) return 1;
  const double ratio = cpu / median(contenders[2].seconds);
  std::printf("itnxt / softflowd  %.2f (bar: at most 1.00)\n", ratio);
  return ratio <= 1.0 ? 0 : 1;
}
