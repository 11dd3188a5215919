// itnxt_fleet: simulated SNMP devices for benchmarks and trying things out.
#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fleet.hpp"

namespace {

itnxt::test::Fleet* running = nullptr;

void end(int) {
  running->stop();  // writes to an eventfd: safe in a signal handler, this thread is in serve()
}

struct V3 {
  std::string user;
  std::string auth = "none";
  std::string auth_password;
  std::string priv = "none";
  std::string priv_password;
};

// The algorithm of that name; absent: there is none.
template <class Algorithm>
std::optional<Algorithm> algorithm(const std::string& wanted, int last) {
  for (int i = 0; i <= last; ++i) {
    if (name(static_cast<Algorithm>(i)) == wanted) return static_cast<Algorithm>(i);
  }
  return std::nullopt;
}

// Empty: there is such a user now.
std::string make_user(const V3& v3, itnxt::test::FleetOptions& options) {
  using namespace itnxt::snmp::usm;
  const auto auth = algorithm<AuthAlgorithm>(v3.auth, static_cast<int>(AuthAlgorithm::sha512));
  const auto priv = algorithm<PrivAlgorithm>(v3.priv, static_cast<int>(PrivAlgorithm::aes256c));
  if (!auth) return "--auth: no such algorithm";
  if (!priv) return "--priv: no such algorithm";
  KeyCache cache;
  auto user = make_user({v3.user, "", *auth, v3.auth_password, *priv, v3.priv_password}, cache);
  if (!user) return user.error();
  options.user = *user;
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Simulated SNMPv2c and, with --user, SNMPv3 devices: every address of 127.0.0.0/8 answers.\n"
      "Example: itnxt_fleet --port 16161 --interfaces 50 & snmpbulkwalk -v2c -c public "
      "127.1.2.3:16161 1.3.6.1.2.1.31"};
  itnxt::test::FleetOptions options;
  std::uint16_t port = 0;
  std::uint32_t latency_ms = 0;
  std::uint32_t silent_percent = 0;
  std::vector<std::string> silent;
  V3 v3;
  app.add_option("--port", port, "UDP port (0: any; it is printed)");
  app.add_option("--interfaces", options.interfaces, "of each device")->capture_default_str();
  app.add_option("--community", options.community)->capture_default_str();
  app.add_option("--user", v3.user, "answer SNMPv3 too, as this user");
  app.add_option("--auth", v3.auth, "md5 sha1 sha224 sha256 sha384 sha512");
  app.add_option("--auth-password", v3.auth_password);
  app.add_option("--priv", v3.priv, "des aes128 aes192 aes256 aes192c aes256c");
  app.add_option("--priv-password", v3.priv_password);
  app.add_option("--silent", silent, "addresses that never answer");
  app.add_option("--silent-percent", silent_percent, "share of addresses that never answer");
  app.add_option("--narrow-every", options.narrow_every, "every n-th row has 32-bit counters only");
  app.add_option("--too-big-above", options.too_big_above, "bytes of a reply, then tooBig");
  app.add_option("--silent-above", options.silent_above, "bytes of a reply, then nothing");
  app.add_option("--max-varbinds", options.max_varbinds, "of a reply")->capture_default_str();
  app.add_option("--latency-ms", latency_ms, "between request and reply");
  CLI11_PARSE(app, argc, argv);
  if (!v3.user.empty()) {
    if (const std::string wrong = make_user(v3, options); !wrong.empty()) {
      std::fprintf(stderr, "%s\n", wrong.c_str());
      return 2;
    }
  }
  options.latency = std::chrono::milliseconds(latency_ms);
  std::set<std::uint32_t> addresses;
  for (const std::string& text : silent) {
    in_addr address{};
    if (::inet_pton(AF_INET, text.c_str(), &address) != 1) {
      std::fprintf(stderr, "--silent: %s is no IPv4 address\n", text.c_str());
      return 2;
    }
    addresses.insert(ntohl(address.s_addr));
  }
  options.silent = [addresses, silent_percent](std::uint32_t device) {
    return addresses.contains(device) || device * 2654435761U % 100 < silent_percent;
  };
  try {
    itnxt::test::Fleet fleet(options, port);
    running = &fleet;
    std::signal(SIGTERM, end);
    std::signal(SIGINT, end);
    std::printf("port=%u\n", unsigned{fleet.port()});
    std::fflush(stdout);
    fleet.serve();
    std::printf("requests=%llu\n", static_cast<unsigned long long>(fleet.requests()));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "itnxt_fleet: %s\n", error.what());
    return 1;
  }
  return 0;
}
