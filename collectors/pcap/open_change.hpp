// A capture that begins or ends, as an event: the journal says when it was on, and with what. It is
// told at each start of the process, whatever was told before (so without Event::state), and at
// each end in good order; after a kill the next beginning alone is told. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::pcap {

// With what is captured: name, value.
using CaptureFacts = std::vector<std::pair<std::string, std::string>>;

// Why a capture has stopped: details' `reason`, and in words where there are no better ones.
struct StopReason {
  std::string_view name;
  std::string_view text;
};
inline constexpr StopReason kTrouble = {"trouble", ""};  // capturing goes on when it is over
inline constexpr StopReason kEnded = {"ended", "itnxtd ended"};
inline constexpr StopReason kReload = {"reload", "the configuration has changed"};
inline constexpr StopReason kRemoved = {"removed", "it was removed from the configuration"};

class OpenChange {
 public:
  // `sample` as it will be published; `trouble`: why it is not open. A capture that has never been
  // open has not stopped.
  [[nodiscard]] std::optional<Event> see(const CaptureSample& sample, const std::string& trouble,
                                         const CaptureFacts& facts, WallTime wall) {
    if (open_ == sample.open) return std::nullopt;
    if (!sample.open) return stop(sample, kTrouble, trouble, wall);
    open_ = true;
    Event event = begin(sample, "capture_started", " has begun", wall);
    event.details.insert(event.details.end(), facts.begin(), facts.end());
    return event;
  }

  // It is ended, open as it may be.
  [[nodiscard]] std::optional<Event> end(const CaptureSample& sample, const StopReason& reason,
                                         WallTime wall) {
    if (!open_) return std::nullopt;
    return stop(sample, reason, std::string(reason.text), wall);
  }

 private:
  static Event begin(const CaptureSample& sample, const char* kind, const char* what,
                     WallTime wall) {
    Event event;
    event.wall = wall;
    event.at = sample.at;
    event.kind = kind;
    event.text = "capture of " + sample.source + what;
    event.details.emplace_back("source", sample.source);
    return event;
  }
  Event stop(const CaptureSample& sample, const StopReason& reason, const std::string& why,
             WallTime wall) {
    open_ = false;
    Event event = begin(sample, "capture_stopped", " has stopped", wall);
    if (!why.empty()) event.text += ": " + why;
    event.details.emplace_back("reason", reason.name);
    return event;
  }

  bool open_ = false;
};

}  // namespace itnxt::pcap
