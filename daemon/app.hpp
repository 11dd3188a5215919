// The wiring diagram: the one place that sees every floor. Everything runs on one loop, one thread;
// HTTP, outgoing HTTP and SQLite have a thread each behind their classes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/config/load.hpp"
#include "daemon/core/log.hpp"

namespace itnxt {

struct AppOptions {
  Purpose purpose;                    // run, collect or aggregate
  std::filesystem::path config_file;  // read again on SIGHUP
  std::vector<std::string> only;      // names of collectors; empty: all
};

// What the rooms above the configuration have to say about one.
[[nodiscard]] Checks checks();

[[nodiscard]] bool has_collector(const Config& config, std::string_view name);

// A line each, as in every log: FILE:LINE:COLUMN in the field `at`.
void log_issues(Log& log, const std::vector<Issue>& issues);

// Serves until SIGTERM or SIGINT, then drains; returns the exit code: 0, or 1 when something that
// it cannot work without could not be had (said in the log). `loaded` has a configuration; its
// issues were said.
int run_app(const AppOptions& options, Loaded loaded);

}  // namespace itnxt
