// itnxtctl capture: a savefile through the daemon's own analysis.
#include "daemon/ctl/capture.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <variant>

#include "collectors/pcap/analysis.hpp"
#include "collectors/pcap/capture.hpp"
#include "daemon/config/config.hpp"
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

}  // namespace

void run_capture(Invocation& call) {
  const std::string& file = call.capture.file;
  if (::access(file.c_str(), R_OK) != 0) {
    return fail(call, kFailed, file + ": " + errno_text(errno));
  }
  std::string remark;
  pcap::Opened opened = pcap::open_savefile({file, call.capture.filter, {}}, remark);
  if (const auto* trouble = std::get_if<Trouble>(&opened)) {
    return fail(call, kFailed, trouble->message);
  }
  Capture& capture = *std::get<std::unique_ptr<Capture>>(opened);
  const auto analysis = std::make_unique<Analysis>(
      pcap::AnalysisOptions{true, PcapCollectorConfig{}.storm_threshold});
  const std::string broken = read_all(capture, *analysis);
  Captured captured;
  captured.file = file;
  captured.first = analysis->first();
  captured.last = analysis->last();
  analysis->tick(captured.last + std::chrono::seconds(1));
  analysis->tell(captured.sample, captured.families);
  captured.events = analysis->take_events();
  const bool shown = call.json ? print(call, capture_json(captured).dump(2, ' ', true) + "\n")
                               : print(call, capture_text(captured, style_of_stdout()));
  if (!shown) return;
  if (!remark.empty()) fmt::print(stderr, "itnxtctl: {}\n", remark);
  if (!broken.empty()) fail(call, kFailed, broken);
}

}  // namespace itnxt::ctl
