// Where a collector's samples and events go. Two implementations: an Outlet's stream
// (daemon/io/outlet.hpp) and RecordingSink (tests/support). Called on the loop's thread; never
// blocks; takes what it is given.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/told_states.hpp"

namespace itnxt {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void publish(Sample sample) = 0;
  // Goes out before any sample that is published later, if it is news (Event::state). The sink
  // gives its sequence and run.
  virtual void report(Event event) = 0;
  // The same, for who has to answer for it: says once, within the call or later, what became of it;
  // the end of the process may come first. The callback may outlive the collector.
  virtual void report_answered(Event event, std::function<void(EventFate)> told) {
    report(std::move(event));
    std::exchange(told, nullptr)(EventFate::kept);
  }
  // What is to be found again by recall() when the collector starts anew, by name; nothing: no
  // more. On the disk no later than an event that is reported next, else within a second. A sink
  // without a disk forgets it, and each what is too large (ToldStates).
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who has a disk keeps it
  virtual void remember(const std::string& /*name*/, std::string /*what*/) {}
  // The one of this name, or all whose name begins so, by name.
  [[nodiscard]] virtual Memories recall(std::string_view /*name*/, Recall /*which*/) const {
    return {};
  }
};

}  // namespace itnxt
