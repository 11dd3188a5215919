// itnxtctl: the operator's tool. Parses argv, the only file that knows how; a verb does the rest.
// Exit codes: 0 fine, 1 failed, 2 wrong command line, 78 invalid configuration (probe).
#include <fmt/format.h>

#include <CLI/CLI.hpp>  // whole: its App.hpp alone does not link
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "daemon/core/version.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

struct Verb {
  const char* name;
  const char* what;
  const char* example;
  void (*run)(Invocation& call);
};
constexpr Verb kVerbs[] = {
    {"status", "One screen: is the network well, is itnxt well",
     "itnxtctl status --json | jq .links.down", run_status},
    {"links", "Every link: state, traffic, how full it is",
     "itnxtctl links --json | jq -r '.[] | select(.up == false) | .name'", run_links},
    {"devices", "Every device: whether it answers, and what is wrong if not",
     "itnxtctl devices --url http://10.1.0.10:9690", run_devices},
    {"alerts", "Every active alert: pending, firing, suppressed",
     "itnxtctl alerts --json | jq 'map(select(.severity == \"critical\")) | length'", run_alerts},
    {"talkers", "Who talks most on the wire of each capture: networks and flows by bytes",
     "itnxtctl talkers --json | jq -r '.[].networks[] | select(.site == \"halle\") | .network'",
     run_talkers},
};
constexpr Verb kEvents = {
    "events", "What happened, the latest first: the newest 100 of the journal",
    "itnxtctl events --json | jq -r '.[] | select(.device == \"md-core-1\") | .text'\n"
    "  itnxtctl events --since 1763937600000042 --limit 500",
    run_events};
constexpr Verb kWatch = {"watch", "The links live, the worst first, until Ctrl-C",
                         "itnxtctl watch --interval 2s --for 10m", run_watch};

constexpr Verb kProbe = {
    "probe", "Asks one device everything by SNMP: what it has, what is odd, an inventory entry",
    "COMMUNITY=… itnxtctl probe 10.0.0.1 --community-env COMMUNITY\n"
    "  itnxtctl probe md-core-1 --config /etc/itnxt/itnxt.yaml",
    run_probe};

constexpr Verb kTail = {"tail", "The aggregator's live stream, a line for each change",
                        "itnxtctl tail alert. --json --for 10m", run_tail};
constexpr Verb kKeygen = {"keygen",
                          "Makes this host's pair of keys for encrypted transport (CURVE)",
                          "itnxtctl keygen --out /etc/itnxt/keys/node.key", run_keygen};

constexpr Verb kCapture = {"capture", "What is in a savefile of tcpdump or its like",
                           "itnxtctl capture old.pcapng --json | jq '.traffic'", run_capture};

constexpr std::int64_t kShortestMs = 100;
constexpr std::int64_t kLongestMs = std::int64_t{31} * 86'400'000;

CLI::App* add_plain_verb(CLI::App& app, Invocation& call, const Verb& verb) {
  CLI::App* added = app.add_subcommand(verb.name, verb.what);
  added->footer(fmt::format("\nExample:\n  {}", verb.example));
  added->callback([&call, run = verb.run] { run(call); });
  return added;
}

CLI::App* add_verb(CLI::App& app, Invocation& call, const Verb& verb) {
  CLI::App* added = add_plain_verb(app, call, verb);
  added->add_option("--url", call.url, "Where the aggregator answers")->capture_default_str();
  return added;
}

// Milliseconds out of "500ms", "5s"; absent: it is no duration.
std::optional<std::int64_t> milliseconds_of(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  for (const Unit& one : kUnits) {
    if (unit == one.name && count >= 0 && count <= kLongestMs / one.ms) return count * one.ms;
  }
  return std::nullopt;
}

void add_duration(CLI::App& verb, const char* option, std::int64_t& ms, const char* what) {
  const CLI::Validator to_ms(
      [](std::string& text) {
        const std::optional<std::int64_t> given = milliseconds_of(text);
        if (!given || *given < kShortestMs) {
          return fmt::format(
              "expected a duration from 100ms to 744h with its unit, such as 500ms, 5s, 2m or 1h, "
              "not '{}'",
              text);
        }
        text = std::to_string(*given);
        return std::string();
      },
      "");
  verb.add_option(option, ms, what)->transform(to_ms)->type_name("DURATION");
}

void add_probe(CLI::App& app, Invocation& call) {
  CLI::App& probe = *add_plain_verb(app, call, kProbe);
  ProbeOptions& options = call.probe;
  probe
      .add_option("device", options.target,
                  "ADDRESS[:PORT], [IPv6][:PORT], or with --config a device of its inventory, by "
                  "name or address")
      ->required()
      ->type_name("DEVICE");
  probe.add_option("--config", options.config, "The configuration that holds the credentials")
      ->type_name("FILE");
  probe
      .add_option("--credentials", options.credentials,
                  "A set of the configuration; may be given again, to see which work (default: "
                  "the device's own)")
      ->type_name("NAME")
      ->expected(1)  // each time: the next word may be the device
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  probe
      .add_option("--community-env", options.community_env,
                  "The environment variable that holds a community")
      ->type_name("NAME");
  probe.add_option("--community-file", options.community_file, "The file that holds a community")
      ->type_name("PATH");
  probe.add_flag("--no-guessing", options.no_guessing,
                 "Do not try community \"public\" (all that is tried without credentials) and the "
                 "user without authentication, which the device may log");
  add_duration(probe, "--timeout", options.timeout_ms,
               "All must end within this time (default 10s)");
  probe.add_flag("--json", call.json, "The same as data");
}

void add_events(CLI::App& app, Invocation& call) {
  CLI::App& events = *add_verb(app, call, kEvents);
  events
      .add_option("--since", call.events.since,
                  "All that came behind the event of this id, the oldest first; 0: all that the "
                  "aggregator has at hand, its latest 10,000")
      ->type_name("ID")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53));
  events.add_option("--limit", call.events.limit, "At most so many")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}));
  events.add_flag("--json", call.json, "The API's data instead of a table");
}

void add_tail(CLI::App& app, Invocation& call) {
  CLI::App& tail = *add_plain_verb(app, call, kTail);
  TailOptions& options = call.tail;
  tail.add_option(
          "topic", options.topic,
          "What topics begin with: link. link.NAME interface.DEVICE. alert. crisis (default: "
          "everything)")
      ->type_name("TOPIC");
  tail.add_option("--endpoint", options.endpoint, "aggregator.publish")->capture_default_str();
  CLI::Option* key =
      tail.add_option("--key", options.key_file,
                      "The file with the secret key of this host, for another host's "
                      "aggregator")
          ->type_name("FILE");
  tail.add_option("--server-key", options.server_key, "The public key of that aggregator")
      ->type_name("KEY")
      ->needs(key);
  key->needs("--server-key");
  add_duration(tail, "--for", call.for_ms, "End by itself after this long (30s, 10m)");
  tail.add_flag("--json", call.json, "A JSON object a line");
}

void add_capture(CLI::App& app, Invocation& call) {
  CLI::App& capture = *add_plain_verb(app, call, kCapture);
  capture.add_option("file", call.capture.file, "A savefile, pcap or pcapng")
      ->required()
      ->type_name("FILE");
  capture.add_option("--filter", call.capture.filter, "As in tcpdump (default: everything)")
      ->type_name("BPF");
  capture
      .add_option(
          "--config", call.capture.config,
          "A configuration whose inventory.prefixes name the sites (default: all is `other`)")
      ->type_name("FILE");
  capture.add_flag("--json", call.json, "The same as data");
}

void add_keygen(CLI::App& app, Invocation& call) {
  add_plain_verb(app, call, kKeygen)
      ->add_option("--out", call.out, "The new file for the secret half; an old one stays as it is")
      ->type_name("FILE")
      ->capture_default_str();
}

int parse_and_run(int argc, char** argv) {
  Invocation call;
  CLI::App app(
      "What the network looks like, asked of the itnxt aggregator over HTTP; and what a device "
      "is, asked of itself.",
      "itnxtctl");
  app.set_version_flag("--version", fmt::format("itnxtctl {} ({})", kVersion, kRevision));
  app.require_subcommand(0, 1);  // by hand below: else an unknown verb is told as a missing one
  app.footer("\nExample:\n  itnxtctl status");
  for (const Verb& verb : kVerbs) {
    add_verb(app, call, verb)->add_flag("--json", call.json, "The API's data instead of a table");
  }
  CLI::App* watch = add_verb(app, call, kWatch);
  add_duration(*watch, "--interval", call.interval_ms, "How often to ask (500ms, 2s; default 1s)");
  add_duration(*watch, "--for", call.for_ms, "End by itself after this long (30s, 10m)");
  add_events(app, call);
  add_tail(app, call);
  add_probe(app, call);
  add_capture(app, call);
  add_keygen(app, call);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      fail(call, kWrongUsage, "no verb: itnxtctl --help lists them");
    }
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kWrongUsage;
  } catch (const std::exception& e) {  // out of memory, most likely
    fail(call, kFailed, e.what());
  }
  return call.exit_code;
}

}  // namespace
}  // namespace itnxt::ctl

int main(int argc, char** argv) {
  return itnxt::ctl::parse_and_run(argc, argv);
}
