// What the log says of a capture's packets that makes its figures other than those of the wire, and
// what to do: packets dropped, headers hidden, frames merged, a clock set back. Loop's thread.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/pcap/analysis.hpp"
#include "collectors/pcap/drop_report.hpp"
#include "daemon/core/log.hpp"

namespace itnxt::pcap {

class Remarks {
 public:
  // `log` outlives it. `source`: interface or file.
  Remarks(Log& log, std::string capture, bool live, std::string source)
      : log_(log), capture_(std::move(capture)), live_(live), source_(std::move(source)) {}

  // Every second or so, and at the end of a savefile. All but drops are said once.
  void say(const Analysis& analysis, Instant now);
  // At the end of an interval, so that the share is one of some packets; once a snaplen.
  void say_cut(const Analysis& analysis);
  void begin_snaplen(const Analysis& analysis);

 private:
  void say_drops(const Analysis& analysis, Instant now);
  void say_giants(const Analysis& analysis);
  void say_set_back(const Analysis& analysis);

  Log& log_;
  const std::string capture_;
  const bool live_;
  const std::string source_;
  DropReport drop_report_;
  bool told_giants_ = false;
  bool told_set_back_ = false;
  bool told_cut_ = false;
  std::uint64_t cut_before_ = 0;  // under another snaplen; of so many packets
  std::uint64_t packets_before_ = 0;
};

}  // namespace itnxt::pcap
