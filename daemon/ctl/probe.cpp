// The verb: whom to ask and as whom, then the survey, then the report.
#include "daemon/ctl/probe.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "daemon/config/addresses.hpp"
#include "daemon/config/load.hpp"
#include "daemon/core/text.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

using namespace snmp::survey;

constexpr std::uint16_t kSnmpPort = 161;
constexpr const char* kHowTo =
    "give --community-env NAME, --community-file PATH, or --config FILE with --credentials NAME";

// A failure and the exit code that says so.
struct Failure {
  int exit_code = 0;
  std::string message;  // empty: said already
};

// What the command line comes to.
struct Plan {
  Questions questions;
  CredentialsSource source;
  std::vector<CredentialsSource> sources;  // of the candidates
  bool guessed = false;                    // no credentials were given
};

// An IPv6 address may stand as people write it, without brackets.
Result<HostPort> parse_target(const std::string& target) {
  const bool bare = target.find(':') != target.rfind(':') && !target.starts_with('[');
  return parse_address(bare ? "[" + target + "]" : target, kSnmpPort);
}

// By its name, else by its address.
const Device* find_device(const Config& config, const std::string& target) {
  const auto& devices = config.inventory.devices;
  const auto named = std::ranges::find_if(
      devices, [&](const Device& device) { return device.name.text() == target; });
  if (named != devices.end()) return &*named;
  const Result<HostPort> at = parse_target(target);
  if (!at) return nullptr;
  const auto there = std::ranges::find_if(devices, [&](const Device& device) {
    return device.host == at->host && device.port == at->port;
  });
  return there == devices.end() ? nullptr : &*there;
}

bool has_credentials(const ProbeOptions& options) {
  return !options.credentials.empty() || !options.community_env.empty() ||
         !options.community_file.empty();
}

std::string no_such_device(const Config& config, const ProbeOptions& options) {
  std::vector<std::string> names;
  for (const Device& device : config.inventory.devices) names.push_back(device.name.text());
  const auto meant = did_you_mean(options.target, names);
  return fmt::format(
      "{}: the inventory of {} has no device of that name or address{}; give one that it has, or "
      "say with --credentials NAME as whom to ask another",
      options.target, options.config, meant ? ", did you mean " + *meant + "?" : "");
}

// The secrets were read, as far as this user may: what is missing stands among the warnings.
std::optional<Failure> check_secrets(const std::string& name, const Credentials& credentials,
                                     const std::vector<Issue>& issues) {
  for (const Secret* secret :
       {&credentials.community, &credentials.auth_password, &credentials.priv_password}) {
    if (secret->source() == Secret::Source::none || !secret->reveal().empty()) continue;
    for (const Issue& issue : issues) {
      const bool about_it = issue.message.find("'" + secret->where() + "'") != std::string::npos;
      if (about_it) std::fputs(to_text(issue).c_str(), stderr);
    }
    return Failure{kFailed, fmt::format("credentials '{}' lack a secret: {} cannot be read here",
                                        name, secret->where())};
  }
  return std::nullopt;
}

std::optional<Failure> from_config(const ProbeOptions& options, Plan& plan, std::string& host,
                                   std::uint16_t& port) {
  const Loaded loaded = load_config(options.config, Purpose::check);
  if (!loaded.config) {
    for (const Issue& issue : loaded.issues) std::fputs(to_text(issue).c_str(), stderr);
    return Failure{kBadConfig, {}};
  }
  std::vector<std::string> names = options.credentials;
  if (const Device* device = find_device(*loaded.config, options.target)) {
    host = device->host;
    port = device->port;
    plan.questions.inventory = device->name.text();
    if (!has_credentials(options)) names.push_back(device->credentials);
  } else if (!has_credentials(options)) {
    return Failure{kWrongUsage, no_such_device(*loaded.config, options)};
  }
  std::vector<std::string> known;
  for (const auto& [name, credentials] : loaded.config->credentials) known.push_back(name);
  for (const std::string& name : names) {
    const auto found = loaded.config->credentials.find(name);
    if (found == loaded.config->credentials.end()) {
      const auto meant = did_you_mean(name, known);
      return Failure{kWrongUsage,
                     fmt::format("--credentials {}: {} has no such set{}", name, options.config,
                                 meant ? "; did you mean " + *meant + "?" : "")};
    }
    if (auto failure = check_secrets(name, found->second, loaded.issues)) return failure;
    plan.questions.candidates.push_back({name, found->second});
    plan.sources.push_back({name, {}, {}});
  }
  return std::nullopt;
}

std::optional<Failure> add_community(Plan& plan, Secret::Source source, const std::string& where) {
  if (where.empty()) return std::nullopt;
  Credentials credentials;
  credentials.community = Secret(source, where);
  const bool env = source == Secret::Source::env;
  if (const Status read = read_secret(credentials.community); !read) {
    return Failure{
        kFailed, fmt::format("{}: {}", env ? "--community-env" : "--community-file", read.error())};
  }
  plan.questions.candidates.push_back({where, std::move(credentials)});
  plan.sources.push_back({{}, fmt::format("{}: {}", env ? "env" : "file", Json(where).dump()), {}});
  return std::nullopt;
}

// What help and README promise of who gives no credentials.
void add_public(Plan& plan) {
  Credentials credentials;
  credentials.community.set("public");
  plan.questions.candidates.push_back({"public", std::move(credentials)});
  plan.sources.push_back({{}, "env: ITNXT_COMMUNITY", "public"});
  plan.guessed = true;
}

std::optional<Failure> make_plan(const ProbeOptions& options, Plan& plan) {
  std::string host;
  std::uint16_t port = kSnmpPort;
  if (options.config.empty() && !options.credentials.empty()) {
    return Failure{kWrongUsage, "--credentials names a set of a configuration: give --config too"};
  }
  if (!options.config.empty()) {
    if (auto failure = from_config(options, plan, host, port)) return failure;
  }
  for (const auto& [source, where] : {std::pair{Secret::Source::env, options.community_env},
                                      std::pair{Secret::Source::file, options.community_file}}) {
    if (auto failure = add_community(plan, source, where)) return failure;
  }
  if (plan.questions.candidates.empty()) {
    if (options.no_guessing) {
      return Failure{kWrongUsage, fmt::format("no credentials for {}: {}", options.target, kHowTo)};
    }
    add_public(plan);
  }
  if (host.empty()) {
    const auto parsed = parse_target(options.target);
    if (!parsed) return Failure{kWrongUsage, options.target + ": " + parsed.error()};
    host = parsed->host;
    port = parsed->port;
  }
  plan.questions.guess = !options.no_guessing;
  plan.questions.budget = std::chrono::milliseconds(options.timeout_ms);
  const Result<Address> address = find_address(host, port, plan.questions.budget);
  if (!address) return Failure{kFailed, fmt::format("{}: {}", host, address.error())};
  plan.questions.device = *address;
  return std::nullopt;
}

// Which of the sources the attempt that is used came from: their names are its own.
CredentialsSource source_of(const Plan& plan, const Facts& facts) {
  const std::string& used = facts.attempts[*facts.used].credentials;
  for (std::size_t i = 0; i < plan.sources.size(); ++i) {
    if (plan.questions.candidates[i].name == used) return plan.sources[i];
  }
  return {};
}

}  // namespace

void run_probe(Invocation& call) {
  Plan plan;
  if (const auto failure = make_plan(call.probe, plan)) {
    if (failure->message.empty()) {
      call.exit_code = failure->exit_code;
      return;
    }
    return fail(call, failure->exit_code, failure->message);
  }
  Result<Surveyed> surveyed = survey_by_udp(plan.questions);
  if (!surveyed) return fail(call, kFailed, surveyed.error());
  Probed probed{std::move(surveyed->facts), {}, {}};
  if (!probed.facts.used) {
    std::string text = no_answer_text(probed.facts, surveyed->unreachable);
    if (plan.guessed) text += fmt::format("\nonly community \"public\" was tried: {}", kHowTo);
    return fail(call, kFailed, text);
  }
  probed.oddities = oddities(probed.facts);
  probed.entry = inventory_entry(probed.facts, source_of(plan, probed.facts));
  if (call.json) {
    print(call, probe_json(probed).dump(2, ' ', isatty(STDOUT_FILENO) == 1) + "\n");
  } else {
    print(call, probe_text(probed, style_of_stdout()));
  }
}

}  // namespace itnxt::ctl
