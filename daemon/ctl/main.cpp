// itnxtctl: the operator's tool. Exit codes: 0 fine, 1 failed, 2 wrong command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "daemon/core/version.hpp"
#include "daemon/ctl/verbs.hpp"

int main(int argc, char** argv) {
  itnxt::Invocation call;
  CLI::App app("What the network looks like, asked of the itnxt aggregator over HTTP.", "itnxtctl");
  app.set_version_flag("--version",
                       fmt::format("itnxtctl {} ({})", itnxt::kVersion, itnxt::kRevision));
  app.require_subcommand(0, 1);  // by hand below: else an unknown verb is told as a missing one
  app.footer("\nExample:\n  itnxtctl status");
  for (const auto add : {itnxt::add_status, itnxt::add_links, itnxt::add_devices, itnxt::add_alerts,
                         itnxt::add_watch}) {
    add(app, call);
  }
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      itnxt::fail(call, itnxt::kWrongUsage, "no verb: itnxtctl --help lists them");
    }
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : itnxt::kWrongUsage;
  } catch (const std::exception& e) {  // out of memory, most likely
    itnxt::fail(call, itnxt::kFailed, e.what());
  }
  return call.exit_code;
}
