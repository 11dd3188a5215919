// Which links were up when the collector last knew, over its restarts, so that it tells what has
// changed while it was away: once, with the time at which it learnt it. Kept by the sink, under the
// links' names. Thread: the loop's.
#pragma once

#include <vector>

#include "collectors/host/link_table.hpp"
#include "daemon/io/sink.hpp"

namespace itnxt::host {

class LinkMemory {
 public:
  explicit LinkMemory(Sink& sink) : sink_(sink) {}  // outlives it

  // Before the change is reported, so that the disk has both or neither.
  void remember(const LinkChange& change);
  // To be reported, of the first whole table. Nothing where nothing is remembered: all is new.
  [[nodiscard]] std::vector<LinkChange> catch_up(const LinkTable& table);

 private:
  Sink& sink_;
};

}  // namespace itnxt::host
