// One process at a time: a lock on a file, freed by the kernel with the process, however it ends.
// The file holds the process's number, for messages, and stays: were it removed, two processes
// could lock two of them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daemon/core/fd.hpp"

namespace itnxt {

struct LockAttempt {
  Fd lock;                      // held for as long as it is open; closed: not got
  int error = 0;                // errno; EWOULDBLOCK: another has it …
  std::optional<pid_t> holder;  // … this one, if it has said so
};

[[nodiscard]] LockAttempt lock_file(const std::string& path);

// " (PID 123)", or nothing.
[[nodiscard]] std::string holder_text(const LockAttempt& attempt);

}  // namespace itnxt
