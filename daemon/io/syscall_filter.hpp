// The system calls that this program never makes, closed to the calling thread and to those it
// makes from now on, for good: they fail with EPERM. A list of what is refused, not of what is
// allowed: a C library that learns a new call must not end a monitor at night. systemd's units
// bring the list of what is allowed.
#pragma once

#include "daemon/core/result.hpp"

namespace itnxt {

enum class PacketSockets : bool { refused, allowed };

// Error: the kernel or libseccomp's word. Does nothing under a sanitizer, which needs some of them.
Status close_system_calls(PacketSockets packet_sockets);

}  // namespace itnxt
