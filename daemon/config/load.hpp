// A configuration file and what it includes → Config, or everything that is wrong with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/config/issue.hpp"
#include "daemon/core/objection.hpp"
#include "daemon/core/result.hpp"

namespace itnxt {

// What the configuration is for. It decides which secrets must be there (run: all; collect: the
// credentials its collectors use; aggregate: the channels'; check: none, a missing one is a
// warning) and which endpoints (collect: transport.aggregators; aggregate: aggregator.listen).
enum class Purpose : std::uint8_t { check, run, collect, aggregate };

struct Loaded {
  std::optional<Config> config;  // only when no issue is an error
  std::vector<Issue> issues;     // main file first, then by file, line, column
};

// What only other rooms know to be wrong.
struct Checks {
  // With a collector (check_collector() of collectors/); may be empty.
  std::function<std::vector<Objection>(const CollectorConfig&)> collector;
  // Names that a profile's metrics may not have (the aggregator's own: the catalogue of metrics/).
  std::vector<std::string_view> reserved_metrics;  // of static storage
};

// Reads `file`, what it includes, and the secrets. `checks` are asked about each collector that
// reads well, unless the collectors run elsewhere (aggregate). Bounded: 8 MiB a file, 16 MiB and a
// million values together, 1000 included files. Never throws for what a file says. Any thread.
Loaded load_config(const std::filesystem::path& file, Purpose purpose, const Checks& checks = {});

// The same for a text that is no file: `name` stands for the file in messages and in relative
// paths. `include` is checked, but nothing is included.
Loaded load_config_text(std::string_view name, std::string_view text, Purpose purpose,
                        const Checks& checks = {});

// Reads the value of a secret that is named elsewhere than in a configuration. No message repeats
// it.
[[nodiscard]] Status read_secret(Secret& secret);

}  // namespace itnxt
