// Where a collector's samples and events go. Two implementations: an Outlet's stream
// (daemon/io/outlet.hpp) and RecordingSink (tests/support). Called on the loop's thread; never
// blocks; takes what it is given.
#pragma once

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void publish(Sample sample) = 0;
  // Goes out before any sample that is published later, if it is news (Event::state). The sink
  // gives its sequence and run.
  virtual void report(Event event) = 0;
};

}  // namespace itnxt
