#include "collectors/pcap/remarks.hpp"

#include <utility>

namespace itnxt::pcap {

void Remarks::begin_snaplen(const Analysis& analysis) {
  told_cut_ = false;
  cut_before_ = analysis.cut();
  packets_before_ = analysis.packets();
}

void Remarks::say(const Analysis& analysis, Instant now) {
  say_drops(analysis, now);
  say_giants(analysis);
  say_set_back(analysis);
}

// Once: when things were is by the new time from there on.
void Remarks::say_set_back(const Analysis& analysis) {
  if (analysis.set_backs() == 0 || std::exchange(told_set_back_, true)) return;
  const std::string by =
      std::to_string(analysis.first_set_back() / std::chrono::milliseconds(1)) + " ms";
  const std::string what =
      live_ ? "the clock that stamps packets was set back by " + by +
                  ": counts, bursts and round trips go on by the new time; look at this host's "
                  "time synchronisation"
            : "time stamps in the savefile go back by " + by +
                  ": a clock was set back, or files were joined; what lasts is told from there "
                  "on anew (mergecap sorts joined files)";
  log_.warning(what, {{"capture", capture_}, {live_ ? "interface" : "file", source_}});
}

void Remarks::say_drops(const Analysis& analysis, Instant now) {
  const auto line = drop_report_.due(analysis.packets(), analysis.dropped(), now);
  if (!line) return;
  log_.write(line->over ? Severity::notice : Severity::warning, line->text,
             {{"capture", capture_},
              {"interface", source_},
              {"dropped", std::to_string(line->dropped)},
              {"of", std::to_string(line->of)},
              {"dropped_total", std::to_string(analysis.dropped())}});
}

// Once a snaplen: of how many packets it hides a header.
void Remarks::say_cut(const Analysis& analysis) {
  const std::uint64_t cut = analysis.cut() - cut_before_;
  const std::uint64_t packets = analysis.packets() - packets_before_;
  if (cut == 0 || std::exchange(told_cut_, true)) return;
  const std::string share =
      cut * 100 < packets ? "less than 1" : std::to_string(cut * 100 / packets);
  const std::string what =
      live_ ? "snaplen is too small for " + share +
                  " % of the packets: headers are hidden, so they are counted as other or "
                  "without their ports; raise 'snaplen' (128 does for most)"
            : "the savefile's snaplen is too small for " + share +
                  " % of the packets: headers are hidden, so they are counted as other or "
                  "without their ports; capture with a larger one (tcpdump -s 128)";
  log_.warning(what, {{"capture", capture_}, {live_ ? "interface" : "file", source_}});
}

// Once: what is captured is not what was on the wire, and what to do.
void Remarks::say_giants(const Analysis& analysis) {
  if (analysis.giants() == 0 || std::exchange(told_giants_, true)) return;
  const std::string what =
      live_ ? "frames longer than the interface's MTU are captured: the network card merges "
              "packets, so counts and sizes are not those of the wire; switch that off with "
              "ethtool -K " +
                  source_ + " gro off lro off (and gso off tso off for what is sent)"
            : "frames longer than any wire carries are in the savefile: the network card that "
              "captured them had merged packets, so counts and sizes are not those of the wire";
  log_.warning(what, {{"capture", capture_}, {live_ ? "interface" : "file", source_}});
}

}  // namespace itnxt::pcap
