// Binding an endpoint, for zmq_socket.cpp only.
#pragma once

#include <string>
#include <string_view>

#include "daemon/core/result.hpp"

namespace itnxt {

// Binds a socket of libzmq. An ipc path is made for this user only, and not taken from a program
// that listens there, nor from a file that is no socket. errno; 0: done.
[[nodiscard]] int zmq_bind_endpoint(void* socket, const std::string& endpoint);

// "KEY ENDPOINT: cannot be WHAT: why: what to do"
[[nodiscard]] Error zmq_failure(std::string_view key, const std::string& endpoint, const char* what,
                                int error);

}  // namespace itnxt
