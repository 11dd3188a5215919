// A collector: something that watches a piece of the world and publishes samples of it.
//
// To add one: a folder under collectors/; in daemon/config a struct and a name (config.hpp), its
// keys (schema.cpp) and its reader (load_host.cpp, say); a line in kinds.cpp, with what only its
// own room can tell to be wrong with its configuration, if there is anything. It sees core, its
// own configuration, the loop and the sink: never ZeroMQ, state, alerts or another collector (but
// for what poll_requests.hpp lets them ask of each other).
#pragma once

#include <cstdint>
#include <string>

#include "collectors/poll_requests.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/log.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/privileged.hpp"
#include "daemon/io/sink.hpp"

namespace itnxt {

// What a collector is given; all outlive it.
struct CollectorContext {
  Loop& loop;
  Sink& sink;
  Log& log;
  // What it has learned and wants to know after a restart may stand in files of this path and an
  // ending of its own, as "/var/lib/itnxt/spool/snmp"; empty: nowhere.
  std::string files = {};
  // Opens what the loop's own thread may not.
  Privileged& privileged = as_oneself;
  // The other collectors of this process; null: there are none.
  PollRequests* polls = nullptr;
};

// Why a collector is ended.
enum class Ending : std::uint8_t {
  shutdown,  // the process ends
  reload,    // another one takes its place
  removed,   // the configuration has it no longer
};

class Collector {
 public:
  virtual ~Collector() = default;  // stops: no sample is published afterwards

  // Begins to work. A world that is not ready (no such interface, no privilege, a silent device) is
  // no reason to fail: the collector says so once in the log and by its samples, and tries again by
  // itself.
  virtual void start() = 0;

  // A reload has changed its configuration. True: it goes on by the new one, and what that leaves
  // as it was goes on undisturbed. False: it is ended and another one made.
  virtual bool update(const CollectorConfig&) { return false; }

  // It is about to be destroyed, in good order: what it reports now is told as any event is.
  virtual void end(Ending) {}
};

}  // namespace itnxt
