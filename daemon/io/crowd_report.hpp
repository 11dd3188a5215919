// Says that connections were ended in a door (zmq_door.hpp): of one address at most once in 10 s.
#pragma once

#include <string>

#include "daemon/core/log.hpp"
#include "daemon/core/time.hpp"
#include "daemon/io/complaints.hpp"

namespace itnxt {

class CrowdReport {
 public:
  explicit CrowdReport(Log& log) : log_(log) {}  // outlives it

  void shown_out(const std::string& address, const std::string& endpoint, Instant now);

 private:
  Log& log_;
  Complaints crowds_;  // by address
};

}  // namespace itnxt
