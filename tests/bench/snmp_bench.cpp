// What polling costs: CPU (user and system) of this process per interface and poll, against a
// simulated fleet in a child process; then the same requests by a bare net-snmp loop, for a ratio
// measured in one run.
//   snmp_bench [--devices N] [--interfaces N] [--interval SECONDS] [--polls N]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "collectors/snmp/collector.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
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

// Prints nanoseconds of one interface and gives back their sum.
double report(const char* who, const Cpu& before, double interfaces) {
  const Cpu after = cpu_time();
  const double user = static_cast<double>((after.user - before.user).count()) / interfaces;
  const double system = static_cast<double>((after.system - before.system).count()) / interfaces;
  std::printf("%s %.0f ns of CPU per interface (user %.0f, system %.0f)", who, user + system, user,
              system);
  return user + system;
}

long resident_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

std::string address_of(std::uint32_t device) {
  const std::uint32_t n = device + 1;
  return "127." + std::to_string(1 + (n >> 16U)) + '.' + std::to_string(n >> 8U & 0xFFU) + '.' +
         std::to_string(n & 0xFFU);
}

// Counts and lets go.
class CountingSink final : public Sink {
 public:
  void publish(Sample sample) override {
    const auto& device = std::get<DeviceSample>(sample);
    ++polls;
    interfaces += device.interfaces.size();
    if (device.result != PollResult::ok) ++failed;
    slowest = std::max(slowest, device.took);
  }
  std::uint64_t polls = 0;
  std::uint64_t interfaces = 0;
  std::uint64_t failed = 0;
  Duration slowest{};
};

double run_collector(const Options& options, std::uint16_t port) {
  SnmpCollectorConfig config;
  config.name = CollectorName("bench");
  config.interval = std::chrono::seconds(options.interval);
  for (std::uint32_t i = 0; i < options.devices; ++i) {
    SnmpTarget target;
    target.device.name = DeviceName("device-" + std::to_string(i));
    target.device.host = address_of(i);
    target.device.port = port;
    target.credentials.community.set("public");
    config.targets.push_back(target);
  }
  PollLoop loop;
  CountingSink sink;
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
  const auto interfaces = static_cast<double>(sink.interfaces - seen);
  const double each = report("itnxt:   ", before, interfaces);
  std::printf("; %.0f interfaces, %llu polls, %llu not ok, slowest %lld ms, at most %ld KiB\n",
              interfaces, static_cast<unsigned long long>(sink.polls - polls),
              static_cast<unsigned long long>(sink.failed),
              static_cast<long long>(sink.slowest / 1ms), resident_kib());
  return each;
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

// The collector's own requests, one device after another.
double run_netsnmp(const Options& options, std::uint16_t port) {
  ::setenv("MIBS", "", 1);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
  init_snmp("snmp_bench");
  const std::uint32_t devices = std::min(options.devices, 500U);
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
  snmp::DeviceMemory memory;
  constexpr std::uint32_t kRepetitions = 3;  // the collector's, for replies below an MTU
  const Cpu before = cpu_time();
  std::uint64_t failed = 0;
  for (void* session : sessions) {
    netsnmp_pdu* get = snmp_pdu_create(SNMP_MSG_GET);
    for (const snmp::MibScalar& scalar : snmp::kMibScalars) add(get, scalar.oid);
    if (!ask(session, get)) ++failed;
    for (std::uint32_t row = 0; row < options.interfaces + 1; row += kRepetitions) {
      netsnmp_pdu* bulk = snmp_pdu_create(SNMP_MSG_GETBULK);
      bulk->errstat = 1;
      bulk->errindex = kRepetitions;
      add(bulk, snmp::kUptimeObject);
      for (std::size_t c = 0; c < snmp::kFirstFallback; ++c) {
        const snmp::Oid& column = snmp::kMibColumns[c].oid;
        add(bulk, row == 0 ? column : column.with(row));
      }
      if (!ask(session, bulk)) ++failed;
    }
  }
  const double each =
      report("net-snmp:", before, static_cast<double>(devices) * options.interfaces);
  for (void* session : sessions) snmp_sess_close(session);
  std::printf("; %u devices, %llu requests failed\n", devices,
              static_cast<unsigned long long>(failed));
  return each;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"CPU of polling one interface of 12 columns, against a bare net-snmp loop"};
  Options options;
  app.add_option("--devices", options.devices)->capture_default_str();
  app.add_option("--interfaces", options.interfaces)->capture_default_str();
  app.add_option("--interval", options.interval, "seconds")->capture_default_str();
  app.add_option("--polls", options.polls, "of each device that count")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  test::FleetOptions fleet_options;
  fleet_options.interfaces = options.interfaces;
  test::Fleet fleet(fleet_options);
  const pid_t child = ::fork();
  if (child == 0) {
    fleet.serve();
    ::_exit(0);
  }
  const double ours = run_collector(options, fleet.port());
  const double theirs = run_netsnmp(options, fleet.port());
  std::printf("ratio:    %.2f times a bare net-snmp loop\n", ours / theirs);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return 0;
}
