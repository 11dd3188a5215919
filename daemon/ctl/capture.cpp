// itnxtctl capture: a savefile through the daemon's own analysis.
#include "daemon/ctl/capture.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "collectors/pcap/analysis.hpp"
#include "collectors/pcap/capture.hpp"
#include "collectors/pcap/insight/report.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/issue.hpp"
#include "daemon/config/load.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

using pcap::Analysis;
using pcap::Capture;
using pcap::Trouble;

// To its end, or until it is broken: what is wrong then.
std::string read_all(Capture& capture, Analysis& analysis) {
  for (;;) {
    const auto result = capture.read(analysis);
    if (const auto* trouble = std::get_if<Trouble>(&result)) return trouble->message;
    if (std::get<Capture::Progress>(result) != Capture::Progress::more) return {};
  }
}

// What the collector says of its configuration, said of the command line.
std::string for_command_line(std::string message) {
  const auto replace = [&](std::string_view what, std::string_view by) {
    if (const auto at = message.find(what); at != std::string::npos) {
      message.replace(at, what.size(), by);
    }
  };
  replace("; correct 'file'", "; expected a savefile of tcpdump or its like");
  replace("; correct 'filter'", "; correct --filter");
  return message;
}

PcapCollectorConfig config_of(const std::string& file, std::vector<SitePrefixConfig> prefixes) {
  PcapCollectorConfig config;
  config.file = file;
  config.prefixes = std::move(prefixes);
  config.talkers.top = 10;
  config.talkers.addresses = TalkerAddresses::plain;
  return config;
}

// Of the configuration at `path`, if any; nothing when it is wrong, which has been said then.
std::optional<std::vector<SitePrefixConfig>> prefixes_of(const std::string& path) {
  if (path.empty()) return std::vector<SitePrefixConfig>();
  Loaded loaded = load_config(path, Purpose::check);
  if (loaded.config) return std::move(loaded.config->inventory.prefixes);
  for (const Issue& issue : loaded.issues) std::fputs(to_text(issue).c_str(), stderr);
  return std::nullopt;
}

void add_insight(pcap::Insight& insight, const PcapCollectorConfig& config, Captured& captured) {
  pcap::Report report(config, Instant());
  insight.settle(std::nullopt);
  report.tell_tcp(insight.pairs(), captured.families);
  captured.talkers = report.talkers(insight, Instant());
  for (const pcap::FloodChange& change : insight.take_flood_changes()) {
    captured.events.push_back(report.flood(change, insight.sites()));
  }
}

}  // namespace

void run_capture(Invocation& call) {
  const std::string& file = call.capture.file;
  if (::access(file.c_str(), R_OK) != 0) {
    return fail(call, kFailed, file + ": " + errno_text(errno));
  }
  std::optional<std::vector<SitePrefixConfig>> prefixes = prefixes_of(call.capture.config);
  if (!prefixes) {
    call.exit_code = kBadConfig;
    return;
  }
  std::string remark;
  pcap::Opened opened = pcap::open_savefile({file, call.capture.filter, {}}, remark);
  if (const auto* trouble = std::get_if<Trouble>(&opened)) {
    return fail(call, kFailed, for_command_line(trouble->message));
  }
  Capture& capture = *std::get<std::unique_ptr<Capture>>(opened);
  const PcapCollectorConfig config = config_of(file, *std::move(prefixes));
  const auto analysis = std::make_unique<Analysis>(
      pcap::AnalysisOptions{true, config.storm_threshold}, pcap::make_insight(config));
  const std::string broken = read_all(capture, *analysis);
  Captured captured;
  captured.file = file;
  captured.first = analysis->first();
  captured.last = analysis->last();
  analysis->tick(captured.last + std::chrono::seconds(1));
  analysis->tell(captured.sample, captured.families);
  captured.events = analysis->take_events();
  add_insight(*analysis->insight(), config, captured);
  const bool shown = call.json ? print(call, capture_json(captured).dump(2, ' ', true) + "\n")
                               : print(call, capture_text(captured, style_of_stdout()));
  if (!shown) return;
  if (!remark.empty()) fmt::print(stderr, "itnxtctl: {}\n", remark);
  if (!broken.empty()) fail(call, kFailed, broken);
}

}  // namespace itnxt::ctl
