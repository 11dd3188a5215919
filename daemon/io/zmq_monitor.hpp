// What happens to the connections of a socket of libzmq, as callbacks on our loop: for
// zmq_socket.cpp only. On the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>

#include "daemon/io/handshake.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

class ZmqContext;

class ZmqMonitor {
 public:
  enum class Change : std::uint8_t { connected, disconnected };  // the handshake included
  struct Accepted {
    int fd;  // libzmq's, which may have closed it meanwhile
  };
  using Event = std::variant<Change, HandshakeFault, Accepted>;

  ZmqMonitor() = default;
  ~ZmqMonitor() { shut(); }
  ZmqMonitor(const ZmqMonitor&) = delete;
  ZmqMonitor& operator=(const ZmqMonitor&) = delete;

  // `socket` is libzmq's and outlives this or shut(). The callback may call shut().
  void open(Loop& loop, ZmqContext& context, void* socket, std::function<void(Event)> callback);
  void shut();
  // Takes what is there, without waiting for the loop.
  void hear();

 private:
  void* socket_ = nullptr;
  void* pair_ = nullptr;
  std::function<void(Event)> callback_;
  Watch watch_;
  Timer first_look_;
};

}  // namespace itnxt
