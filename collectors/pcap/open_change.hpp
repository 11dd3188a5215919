// A capture that begins or ends, as an event. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::pcap {

class OpenChange {
 public:
  // `sample` as it will be published; `trouble`: why it is not open. A capture that has never been
  // open has not stopped.
  [[nodiscard]] std::optional<Event> see(const CaptureSample& sample, const std::string& trouble,
                                         WallTime wall) {
    if (std::exchange(open_, sample.open) == sample.open) return std::nullopt;
    Event event;
    event.wall = wall;
    event.at = sample.at;
    event.kind = sample.open ? "capture_started" : "capture_stopped";
    event.text = "capture of " + sample.source + (sample.open ? " has begun" : " has stopped");
    if (!sample.open && !trouble.empty()) event.text += ": " + trouble;
    event.details.emplace_back("source", sample.source);
    event.state = Event::State{.of = "capture"};
    return event;
  }

 private:
  bool open_ = false;
};

}  // namespace itnxt::pcap
