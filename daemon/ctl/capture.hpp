// What `itnxtctl capture FILE` finds in a savefile, and how it is shown. The texts are pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/talkers.hpp"
#include "daemon/ctl/api.hpp"
#include "daemon/ctl/table.hpp"

namespace itnxt::ctl {

struct Captured {
  std::string file;
  CaptureSample sample;
  // Whatever the analysis of a capture tells: what it learns to tell is shown without further ado.
  std::vector<SeriesFamily> families;
  std::vector<Event> events;
  TalkersSample talkers;  // by address: whoever has the file has them
  WallTime first, last;   // of its packets; the same when there are none
};

std::string capture_text(const Captured& captured, const Style& style);
Json capture_json(const Captured& captured);

}  // namespace itnxt::ctl
