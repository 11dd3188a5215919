// What both halves of the process stand on; all outlive them.
#pragma once

#include "daemon/core/log.hpp"
#include "daemon/io/poll_loop.hpp"
#include "daemon/io/privileged.hpp"
#include "daemon/io/zmq_socket.hpp"

namespace itnxt {

struct Shell {
  PollLoop& loop;
  Log& log;
  ZmqContext& zmq;
  Privileged& privileged;
};

inline constexpr const char* kInproc = "inproc://itnxt";  // between the halves of one `run`
inline constexpr Duration kDrainLimit = 1500ms;  // each half, and 1 s to spool: SIGTERM gives 5 s

}  // namespace itnxt
