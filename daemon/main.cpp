// argv → Config → App.
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/app.hpp"
#include "daemon/config/load.hpp"
#include "daemon/core/version.hpp"

namespace itnxt {
namespace {

constexpr int kUsage = 2;
constexpr int kBadConfig = 78;  // EX_CONFIG of sysexits.h

bool has_error(const std::vector<Issue>& issues) {
  for (const Issue& issue : issues) {
    if (!issue.warning) return true;
  }
  return false;
}

void print(std::FILE* out, const std::vector<Issue>& issues) {
  for (const Issue& issue : issues) std::fputs(to_text(issue).c_str(), out);
}

// To people with the place and a caret; to the journal as lines of the log.
void tell(const std::vector<Issue>& issues) {
  if (std::getenv("JOURNAL_STREAM") == nullptr) return print(stderr, issues);
  StderrLog log(true, [] { return WallTime{}; });
  log_issues(log, issues);
}

int check(const std::filesystem::path& file) {
  const Loaded loaded = load_config(file, Purpose::check, checks());
  print(stdout, loaded.issues);
  if (has_error(loaded.issues)) return kBadConfig;
  std::printf("%s: valid\n", file.c_str());
  return 0;
}

int serve(Purpose purpose, const std::filesystem::path& file,
          const std::vector<std::string>& only) {
  Loaded loaded = load_config(file, purpose, checks());
  tell(loaded.issues);
  if (!loaded.config || has_error(loaded.issues)) return kBadConfig;
  for (const std::string& name : only) {
    if (!has_collector(*loaded.config, name)) {
      std::fprintf(stderr, "--only %s: %s has no collector of that name\n", name.c_str(),
                   file.c_str());
      return kUsage;
    }
  }
  return run_app({purpose, file, only}, std::move(loaded));
}

int parse_and_run(int argc, char** argv) {
  CLI::App cli(
      "itnxt watches a network: collectors poll and capture, the aggregator exposes metrics and "
      "pages the person on call.",
      "itnxtd");
  cli.set_version_flag("--version", fmt::format("itnxtd {} ({})", kVersion, kRevision));
  cli.require_subcommand(0, 1);  // else an unknown verb is told as a missing one
  cli.footer("Example: itnxtd run --config config/quickstart.yaml");

  std::string file;
  std::vector<std::string> only;
  const auto verb = [&](const char* name, const char* what, const char* example) {
    CLI::App* sub = cli.add_subcommand(name, what);
    sub->add_option("--config", file, "The configuration (config/itnxt.yaml shows every key)")
        ->required()
        ->type_name("FILE");
    sub->footer(std::string("Example: ") + example);
    return sub;
  };
  const CLI::App* run = verb("run", "Every role of the file in one process",
                             "itnxtd run --config /etc/itnxt/itnxt.yaml");
  CLI::App* collect = verb("collect", "The collectors of the file, all or the named ones",
                           "itnxtd collect --config /etc/itnxt/itnxt.yaml --only snmp");
  collect->add_option("--only", only, "A collector to run; may be given again")->type_name("NAME");
  const CLI::App* aggregate = verb("aggregate", "The aggregator: metrics, API, alerts",
                                   "itnxtd aggregate --config /etc/itnxt/itnxt.yaml");
  const CLI::App* check_only =
      verb("check", "Say every problem of the file, with its place, and end",
           "itnxtd check --config /etc/itnxt/itnxt.yaml");

  try {
    cli.parse(argc, argv);
    if (cli.get_subcommands().empty()) {
      std::fputs("itnxtd: no verb: itnxtd --help lists them\n", stderr);
      return kUsage;
    }
  } catch (const CLI::ParseError& e) {
    return cli.exit(e) == 0 ? 0 : kUsage;
  }
  if (check_only->parsed()) return check(file);
  if (run->parsed()) return serve(Purpose::run, file, only);
  if (aggregate->parsed()) return serve(Purpose::aggregate, file, only);
  return serve(Purpose::collect, file, only);
}

}  // namespace
}  // namespace itnxt

int main(int argc, char** argv) {
  // glibc raises this threshold to the largest block that was ever freed, and keeps what is below
  // it: a peer's messages of 1 MiB would stay our memory. What is larger goes back at once.
  mallopt(M_MMAP_THRESHOLD, 512 * 1024);
  try {
    return itnxt::parse_and_run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "itnxtd: ended by an unexpected error: %s\n", e.what());
    return 1;
  }
}
