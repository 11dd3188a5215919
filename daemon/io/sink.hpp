// Where a collector's samples go. Two implementations: an Outlet's stream (daemon/io/outlet.hpp)
// and RecordingSink (tests/support). Called on the loop's thread; never blocks; takes what it is
// given.
#pragma once

#include "daemon/core/sample.hpp"

namespace itnxt {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void publish(Sample sample) = 0;
};

}  // namespace itnxt
