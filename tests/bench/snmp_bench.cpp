// What polling costs: CPU (user and system), resident memory and lateness of a collector that polls
// a simulated fleet in a child process; then the very same requests by a bare net-snmp loop, for a
// ratio measured in one run. tests/bench/snmp_scale.py runs it over sizes and versions.
//   snmp_bench [--devices N] [--interfaces N] [--interval SECONDS] [--polls N] [--json]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

#include "collectors/snmp/collector.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/snmp_access.hpp"
// clang-format off: net-snmp's macros spoil names of ours, so it comes last
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#undef non_repeaters
#undef max_repetitions
// clang-format on

namespace {

using namespace itnxt;

struct Options {
  std::uint32_t devices = 2000;
  std::uint32_t interfaces = 50;
  std::uint32_t interval = 10;
  std::uint32_t polls = 2;
  std::uint32_t net_snmp_devices = 500;
  std::string version = "2c";
  bool back_to_back = false;
  bool json = false;
};

struct Cpu {
  Duration user{};
  Duration system{};
};

Cpu cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return {of(usage.ru_utime), of(usage.ru_stime)};
}

struct Cost {
  double interfaces = 0;
  double user = 0;  // ns each
  double system = 0;
  [[nodiscard]] double each() const { return user + system; }
};

Cost cost_since(const Cpu& before, double interfaces) {
  const Cpu after = cpu_time();
  return {interfaces, static_cast<double>((after.user - before.user).count()) / interfaces,
          static_cast<double>((after.system - before.system).count()) / interfaces};
}

// In KiB, now.
long resident() {
  long size = 0;
  long pages = 0;
  std::FILE* statm = std::fopen("/proc/self/statm", "r");
  if (statm == nullptr || std::fscanf(statm, "%ld %ld", &size, &pages) != 2) pages = 0;
  if (statm != nullptr) (void)std::fclose(statm);
  return pages * (::sysconf(_SC_PAGESIZE) / 1024);
}

long most_resident() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

std::string address_of(std::uint32_t device) {
  return test::fleet_address(0x10000 + device + 1);
}

// Counts and lets go.
class CountingSink final : public Sink {
 public:
  CountingSink(std::uint32_t devices, Duration interval) : begun_(devices), interval_(interval) {}
  void report(Event) override {}
  void publish(Sample sample) override {
    const auto& device = std::get<DeviceSample>(sample);
    ++polls;
    interfaces += device.interfaces.size();
    if (device.result != PollResult::ok) ++failed;
    slowest = std::max(slowest, device.took);
    // A poll begins an interval after the one before it, or it is late.
    SourceTime& before = begun_[std::stoul(device.device.text())];
    const SourceTime begun = device.at - device.took;
    if (before != SourceTime{}) latest = std::max(latest, begun - before - interval_);
    before = begun;
  }
  std::uint64_t polls = 0;
  std::uint64_t interfaces = 0;
  std::uint64_t failed = 0;
  Duration slowest{};
  Duration latest{};

 private:
  std::vector<SourceTime> begun_;
  Duration interval_;
};

struct Polling {
  Cost cost;
  double cores = 0;
  std::uint64_t polls = 0;
  std::uint64_t failed = 0;
  Duration slowest{};
  Duration latest{};
  long kib_before = 0;  // of the process without a collector
  long kib = 0;         // most, with it
};

Credentials credentials(const Options& options) {
  if (options.version == "3") return test::v3_credentials();
  Credentials made;
  made.community.set("public");
  return made;
}

Polling run_collector(const Options& options, std::uint16_t port) {
  Polling result;
  result.kib_before = resident();
  SnmpCollectorConfig config;
  config.name = CollectorName("bench");
  config.interval = std::chrono::seconds(options.interval);
  for (std::uint32_t i = 0; i < options.devices; ++i) {
    SnmpTarget target;
    target.device.name = DeviceName(std::to_string(i));
    target.device.host = address_of(i);
    target.device.port = port;
    target.device.credentials = "bench";
    target.credentials = credentials(options);
    config.targets.push_back(target);
  }
  PollLoop loop;
  CountingSink sink(options.devices, config.interval);
  test::RecordingLog log;
  SnmpCollector collector(config, {loop, sink, log});
  collector.start();
  // The first poll of a device finds its columns out; what counts are the polls after it.
  test::run_for(loop, config.interval + 1s);
  const std::uint64_t seen = sink.interfaces;
  const std::uint64_t polls = sink.polls;
  sink.slowest = {};
  const Cpu before = cpu_time();
  test::run_for(loop, config.interval * options.polls);
  result.cost = cost_since(before, static_cast<double>(sink.interfaces - seen));
  result.cores = result.cost.each() * result.cost.interfaces / 1e9 /
                 static_cast<double>(options.interval * options.polls);
  result.polls = sink.polls - polls;
  result.failed = sink.failed;
  result.slowest = sink.slowest;
  result.latest = sink.latest;
  result.kib = most_resident();
  return result;
}

// What the collector asks a device of this fleet from its second poll on.
std::vector<snmp::Request> learned_requests(const test::FleetOptions& fleet) {
  const test::FleetModel model(fleet);
  snmp::DeviceMemory memory;
  std::vector<snmp::Request> requests;
  std::array<std::uint8_t, 1024> asked;
  std::array<std::uint8_t, 65'536> answered;
  for (int poll = 0; poll < 2; ++poll) {
    requests.clear();
    snmp::Walk walk(memory, {}, Instant{});
    while (!walk.done()) {
      requests.push_back(walk.request());
      const auto bytes =
          snmp::encode(requests.back(), snmp::Version::v2c, fleet.community, 1, asked);
      const auto request = std::get<snmp::Message>(snmp::decode(bytes));
      const std::size_t size = model.answer(request, 0x7F010001, 1s, answered);
      walk.answer(std::get<snmp::Message>(snmp::decode(snmp::ByteView(answered).first(size))),
                  Instant{});
    }
    (void)walk.finish(Instant{});
  }
  return requests;
}

void add(netsnmp_pdu* pdu, const snmp::Oid& name) {
  std::array<oid, 16> arcs;
  for (std::size_t i = 0; i < name.size; ++i) arcs[i] = name.arcs[i];
  snmp_add_null_var(pdu, arcs.data(), name.size);
}

bool ask(void* session, netsnmp_pdu* pdu) {
  netsnmp_pdu* reply = nullptr;
  const bool ok = snmp_sess_synch_response(session, pdu, &reply) == STAT_SUCCESS;
  if (reply != nullptr) snmp_free_pdu(reply);
  return ok;
}

netsnmp_pdu* to_pdu(const snmp::Request& request) {
  const bool bulk = request.type == snmp::RequestType::get_bulk;
  netsnmp_pdu* pdu = snmp_pdu_create(bulk ? SNMP_MSG_GETBULK : SNMP_MSG_GET);
  if (bulk) {
    pdu->errstat = request.non_repeaters;
    pdu->errindex = request.max_repetitions;
  }
  for (std::size_t i = 0; i < request.count; ++i) add(pdu, request.oids[i]);
  return pdu;
}

// The collector's own requests at its own pace, one device after another. A pace matters: who is
// woken for each reply pays for it.
Cost run_netsnmp(const Options& options, const std::vector<snmp::Request>& requests,
                 std::uint16_t port, std::uint64_t& failed) {
  ::setenv("MIBS", "", 1);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
  init_snmp("snmp_bench");
  const std::uint32_t devices = std::min(options.devices, options.net_snmp_devices);
  std::vector<void*> sessions;
  for (std::uint32_t i = 0; i < devices; ++i) {
    netsnmp_session session;
    snmp_sess_init(&session);
    std::string peer = address_of(i) + ':' + std::to_string(port);
    u_char community[] = "public";
    session.peername = peer.data();
    session.version = SNMP_VERSION_2c;
    session.community = community;
    session.community_len = 6;
    sessions.push_back(snmp_sess_open(&session));
  }
  const Cpu before = cpu_time();
  auto begins = std::chrono::steady_clock::now();
  for (void* session : sessions) {
    if (!options.back_to_back) std::this_thread::sleep_until(begins);
    begins += Duration(std::chrono::seconds(options.interval)) / options.devices;
    for (const snmp::Request& request : requests) {
      if (!ask(session, to_pdu(request))) ++failed;
    }
  }
  const Cost cost = cost_since(before, static_cast<double>(devices) * options.interfaces);
  for (void* session : sessions) snmp_sess_close(session);
  return cost;
}

void print(const Options& options, const Polling& ours, const Cost& theirs, std::size_t requests,
           std::uint64_t failed) {
  const auto ms = [](Duration d) { return static_cast<double>(d.count()) / 1e6; };
  const double interfaces = static_cast<double>(options.devices) * options.interfaces;
  const double bytes = static_cast<double>(ours.kib - ours.kib_before) * 1024 / interfaces;
  if (options.json) {
    std::printf(
        R"({"devices": %u, "interfaces": %.0f, "ns": %.1f, "user_ns": %.1f, "system_ns": %.1f, )"
        R"("cores": %.4f, "polls": %llu, "failed": %llu, "slowest_ms": %.1f, "latest_ms": %.1f, )"
        R"("kib": %ld, "kib_before": %ld, "bytes": %.1f, "requests": %zu, "net_snmp_ns": %.1f, )"
        R"("net_snmp_failed": %llu})"
        "\n",
        options.devices, interfaces, ours.cost.each(), ours.cost.user, ours.cost.system, ours.cores,
        static_cast<unsigned long long>(ours.polls), static_cast<unsigned long long>(ours.failed),
        ms(ours.slowest), ms(ours.latest), ours.kib, ours.kib_before, bytes, requests,
        theirs.each(), static_cast<unsigned long long>(failed));
    return;
  }
  std::printf("itnxt:    %.0f ns of CPU per interface (user %.0f, system %.0f), %.3f cores\n",
              ours.cost.each(), ours.cost.user, ours.cost.system, ours.cores);
  std::printf(
      "          %.0f interfaces, %llu polls of %zu requests, %llu not ok, slowest %.0f ms, latest "
      "%.1f ms, %.0f bytes of memory an interface\n",
      interfaces, static_cast<unsigned long long>(ours.polls), requests,
      static_cast<unsigned long long>(ours.failed), ms(ours.slowest), ms(ours.latest), bytes);
  if (theirs.interfaces == 0) return;
  std::printf("net-snmp: %.0f ns of CPU per interface (user %.0f, system %.0f), %llu failed\n",
              theirs.each(), theirs.user, theirs.system, static_cast<unsigned long long>(failed));
  std::printf("ratio:    %.2f times a bare net-snmp loop\n", ours.cost.each() / theirs.each());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"CPU, memory and lateness of polling, against a bare net-snmp loop"};
  Options options;
  app.add_option("--devices", options.devices)->capture_default_str();
  app.add_option("--interfaces", options.interfaces)->capture_default_str();
  app.add_option("--interval", options.interval, "seconds")->capture_default_str();
  app.add_option("--polls", options.polls, "of each device that count")->capture_default_str();
  app.add_option("--net-snmp-devices", options.net_snmp_devices, "at most; 0: no comparison")
      ->capture_default_str();
  app.add_option("--version", options.version, "3: SHA-256 and AES-128; net-snmp stays at 2c")
      ->check(CLI::IsMember({"2c", "3"}))
      ->capture_default_str();
  app.add_flag("--back-to-back", options.back_to_back,
               "net-snmp asks one device after another without a pause, at its cheapest");
  app.add_flag("--json", options.json, "one line for a program");
  CLI11_PARSE(app, argc, argv);

  test::FleetOptions fleet_options;
  fleet_options.interfaces = options.interfaces;
  fleet_options.user = test::v3_user();
  test::Fleet fleet(fleet_options);
  const pid_t child = ::fork();
  if (child == 0) {
    fleet.serve();
    ::_exit(0);
  }
  const std::vector<snmp::Request> requests = learned_requests(fleet_options);
  const Polling ours = run_collector(options, fleet.port());
  std::uint64_t failed = 0;
  Cost theirs;
  if (options.net_snmp_devices > 0) theirs = run_netsnmp(options, requests, fleet.port(), failed);
  print(options, ours, theirs, requests.size(), failed);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return 0;
}
