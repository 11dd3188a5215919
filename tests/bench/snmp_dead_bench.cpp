// How late a live device is polled when many others are dead, in real time: SNMPv3 (SHA-256,
// AES-128) against a simulated fleet in a child process. Ends with 1 when one is later than 2 s.
//   snmp_dead_bench [--devices N] [--dead PERCENT] [--interfaces N] [--interval SECONDS] [--polls
//   N]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <unordered_map>

#include "collectors/snmp/collector.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/snmp_access.hpp"

namespace {

using namespace itnxt;

constexpr Duration kBar = 2s;

struct Options {
  std::uint32_t devices = 2000;
  std::uint32_t dead = 30;
  std::uint32_t interfaces = 50;
  std::uint32_t interval = 20;
  std::uint32_t polls = 6;
};

bool is_dead(std::uint32_t number, const Options& options) {
  return number % 100 < options.dead;
}

// When polls began against when they should have, an interval after the one before.
class LatenessSink final : public Sink {
 public:
  explicit LatenessSink(const Options& options) : options_(options) {}
  void report(Event) override {}
  void publish(Sample sample) override {
    const auto& device = std::get<DeviceSample>(sample);
    const SourceTime began = device.at - device.took;
    ++(device.result == PollResult::timeout ? timeouts : polls);
    if (device.result != PollResult::timeout && device.result != PollResult::ok) ++failed;
    const auto [before, first] = began_.try_emplace(device.device, began);
    if (first) return;
    const Duration late = began - before->second - std::chrono::seconds(options_.interval);
    before->second = began;
    if (device.result == PollResult::ok) {
      worst = std::max(worst, late);
      slowest = std::max(slowest, device.took);
    }
  }
  std::uint64_t polls = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t failed = 0;
  Duration worst{};
  Duration slowest{};

 private:
  const Options& options_;
  std::unordered_map<DeviceName, SourceTime> began_;
};

int run(const Options& options, std::uint16_t port) {
  SnmpCollectorConfig config;
  config.name = CollectorName("bench");
  config.interval = std::chrono::seconds(options.interval);
  for (std::uint32_t n = 1; n <= options.devices; ++n) {
    SnmpTarget target;
    target.device.name = DeviceName("device-" + std::to_string(n));
    target.device.host = test::fleet_address(n);
    target.device.port = port;
    target.device.credentials = "strong";
    target.credentials = test::v3_credentials();
    config.targets.push_back(target);
  }
  PollLoop loop;
  LatenessSink sink(options);
  test::RecordingLog log;
  SnmpCollector collector(config, {loop, sink, log});
  collector.start();
  test::run_for(loop, config.interval * options.polls);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%u devices, %u %% dead, SNMPv3, every %u s: %llu polls answered, %llu silent, %llu "
      "failed\n",
      options.devices, options.dead, options.interval, static_cast<unsigned long long>(sink.polls),
      static_cast<unsigned long long>(sink.timeouts), static_cast<unsigned long long>(sink.failed));
  std::printf(
      "live devices: polled at most %.3f ms late, slowest poll %.1f ms; %zu sockets, "
      "%.2f s of CPU, %ld KiB\n",
      static_cast<double>(sink.worst / 1us) / 1000, static_cast<double>(sink.slowest / 1us) / 1000,
      collector.open_sockets(),
      static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
          static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
      usage.ru_maxrss);
  return sink.worst <= kBar && sink.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Lateness of live SNMPv3 devices among dead ones"};
  Options options;
  app.add_option("--devices", options.devices)->capture_default_str();
  app.add_option("--dead", options.dead, "percent")->capture_default_str();
  app.add_option("--interfaces", options.interfaces)->capture_default_str();
  app.add_option("--interval", options.interval, "seconds")->capture_default_str();
  app.add_option("--polls", options.polls, "of each device")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  test::FleetOptions fleet_options;
  fleet_options.interfaces = options.interfaces;
  fleet_options.user = test::v3_user();
  fleet_options.silent = [&options](std::uint32_t device) {
    return is_dead(device - 0x7F000000U, options);
  };
  test::Fleet fleet(fleet_options);
  const pid_t child = ::fork();
  if (child == 0) {
    fleet.serve();
    ::_exit(0);
  }
  const int code = run(options, fleet.port());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return code;
}
