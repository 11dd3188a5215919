// itnxtctl: the operator's tool. Exit codes: 0 fine, 1 failed, 2 wrong command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "daemon/core/version.hpp"
#include "daemon/ctl/verbs.hpp"

int main(int argc, char** argv) {
  itnxt::ctl::Invocation call;
  CLI::App app("What the network looks like, asked of the itnxt aggregator over HTTP.", "itnxtctl");
  app.set_version_flag("--version",
                       fmt::format("itnxtctl {} ({})", itnxt::kVersion, itnxt::kRevision));
  app.require_subcommand(0, 1);  // by hand below: else an unknown verb is told as a missing one
  app.footer("\nExample:\n  itnxtctl status");
  for (const auto add : {itnxt::ctl::add_status, itnxt::ctl::add_links, itnxt::ctl::add_devices,
                         itnxt::ctl::add_alerts, itnxt::ctl::add_watch}) {
    add(app, call);
  }
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      itnxt::ctl::fail(call, itnxt::ctl::kWrongUsage, "no verb: itnxtctl --help lists them");
    }
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : itnxt::ctl::kWrongUsage;
  } catch (const std::exception& e) {  // out of memory, most likely
    itnxt::ctl::fail(call, itnxt::ctl::kFailed, e.what());
  }
  return call.exit_code;
}
