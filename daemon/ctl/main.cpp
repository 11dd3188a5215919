// itnxtctl: the operator's tool. Parses argv, the only file that knows how; a verb does the rest.
// Exit codes: 0 fine, 1 failed, 2 wrong command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>  // whole: its App.hpp alone does not link
#include <map>
#include <string>

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
};
constexpr Verb kWatch = {"watch", "The links live, the worst first, until Ctrl-C",
                         "itnxtctl watch --interval 2s --for 10m", run_watch};

CLI::App* add_verb(CLI::App& app, Invocation& call, const Verb& verb) {
  CLI::App* added = app.add_subcommand(verb.name, verb.what);
  added->add_option("--url", call.url, "Where the aggregator answers")->capture_default_str();
  added->footer(fmt::format("\nExample:\n  {}", verb.example));
  added->callback([&call, run = verb.run] { run(call); });
  return added;
}

void add_duration(CLI::App& verb, const char* option, std::int64_t& ms, const char* what) {
  constexpr std::int64_t kLongestMs = std::int64_t{31} * 86'400'000;
  static const std::map<std::string, std::int64_t> units = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  CLI::AsNumberWithUnit duration(units, CLI::AsNumberWithUnit::UNIT_REQUIRED);
  duration.description("");  // the type's name says it
  const CLI::Validator range(
      [](std::string& text) {
        std::int64_t value = 0;
        const bool fits =
            CLI::detail::lexical_cast(text, value) && value >= 100 && value <= kLongestMs;
        return fits ? std::string() : "a duration from 100ms to 744h is expected";
      },
      "");
  verb.add_option(option, ms, what)->transform(duration)->check(range)->type_name("DURATION");
}

int parse_and_run(int argc, char** argv) {
  Invocation call;
  CLI::App app("What the network looks like, asked of the itnxt aggregator over HTTP.", "itnxtctl");
  app.set_version_flag("--version", fmt::format("itnxtctl {} ({})", kVersion, kRevision));
  app.require_subcommand(0, 1);  // by hand below: else an unknown verb is told as a missing one
  app.footer("\nExample:\n  itnxtctl status");
  for (const Verb& verb : kVerbs) {
    add_verb(app, call, verb)->add_flag("--json", call.json, "The API's data instead of a table");
  }
  CLI::App* watch = add_verb(app, call, kWatch);
  add_duration(*watch, "--interval", call.interval_ms, "How often to ask (500ms, 2s; default 1s)");
  add_duration(*watch, "--for", call.for_ms, "End by itself after this long (30s, 10m)");
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
