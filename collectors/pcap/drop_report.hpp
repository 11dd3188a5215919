// What the log says of packets that were dropped unseen, and when (loss_report.hpp): how many of
// how many, and what to do. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "daemon/core/loss_report.hpp"

namespace itnxt::pcap {

class DropReport {
 public:
  struct Line {
    bool over = false;
    std::string text;
    std::uint64_t dropped = 0;  // since the last line; over: since it began
    std::uint64_t of = 0;       // packets of that time, the dropped ones among them
  };
  // Asked every second or so; `seen`, `dropped`: totals.
  std::optional<Line> due(std::uint64_t seen, std::uint64_t dropped, Instant now) {
    const std::uint64_t all = seen + dropped;
    const bool quiet = dropped == dropped_;
    dropped_ = dropped;
    if (quiet && !going_on_) said_ = all;  // what was well is no part of what is not
    if (!quiet && !std::exchange(going_on_, true)) began_ = said_;
    const auto due = report_.due(dropped, now);
    if (!due) return std::nullopt;
    const std::uint64_t since = std::exchange(said_, all);
    if (!due->over) {
      return Line{false,
                  "packets are dropped unseen: counts are too low by them; raise 'buffer', lower "
                  "'snaplen', or keep away by 'filter' what need not be counted",
                  due->dropped, all - since};
    }
    going_on_ = false;
    return Line{true, "no more packets are dropped", due->dropped, all - began_};
  }

 private:
  LossReport report_;
  bool going_on_ = false;
  std::uint64_t dropped_ = 0;
  std::uint64_t said_ = 0;   // of all, when a line was last said or all was well
  std::uint64_t began_ = 0;  // the same, when it began
};

}  // namespace itnxt::pcap
