#include "daemon/io/zmq_monitor.hpp"

#include <zmq.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "daemon/io/zmq_socket.hpp"

namespace itnxt {
namespace {

constexpr int kEvents = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

HandshakeFault protocol_fault(std::uint32_t value) {
  if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) return HandshakeFault::mechanism;
  if (value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC) return HandshakeFault::cryptography;
  return HandshakeFault::protocol;
}

// A number of 16 bits and a value of 32, in host order.
std::optional<ZmqMonitor::Event> read_event(const void* data, std::size_t size) {
  std::uint16_t number = 0;
  std::uint32_t value = 0;
  if (size < sizeof number + sizeof value) return std::nullopt;
  std::memcpy(&number, data, sizeof number);
  std::memcpy(&value, static_cast<const char*>(data) + sizeof number, sizeof value);
  if (number == ZMQ_EVENT_ACCEPTED) return ZmqMonitor::Accepted{static_cast<int>(value)};
  if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return ZmqMonitor::Change::connected;
  if (number == ZMQ_EVENT_DISCONNECTED) return ZmqMonitor::Change::disconnected;
  if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return HandshakeFault::key;
  if (number == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) return HandshakeFault::ended;
  if (number == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) return protocol_fault(value);
  return std::nullopt;
}

}  // namespace

void ZmqMonitor::open(Loop& loop, ZmqContext& context, void* socket,
                      std::function<void(Event)> callback) {
  const std::string name = "inproc://itnxt-monitor-" + std::to_string(context.next_number());
  if (zmq_socket_monitor(socket, name.c_str(), kEvents) != 0) return;
  socket_ = socket;
  callback_ = std::move(callback);
  pair_ = zmq_socket(context.handle(), ZMQ_PAIR);
  if (pair_ == nullptr) return;
  // Without a limit: at one, libzmq's own thread would wait for us with a lock that shut() needs.
  const int none = 0;
  zmq_setsockopt(pair_, ZMQ_RCVHWM, &none, sizeof none);
  zmq_setsockopt(pair_, ZMQ_LINGER, &none, sizeof none);
  zmq_connect(pair_, name.c_str());
  int fd = -1;
  std::size_t size = sizeof fd;
  zmq_getsockopt(pair_, ZMQ_FD, &fd, &size);
  watch_ = loop.watch(fd, Interest::readable, [this] { hear(); });
  first_look_ = loop.after(Duration::zero(), [this] { hear(); });  // until then the fd is mute
}

void ZmqMonitor::shut() {
  watch_.cancel();
  first_look_.cancel();
  if (socket_ != nullptr) zmq_socket_monitor(std::exchange(socket_, nullptr), nullptr, 0);
  if (pair_ != nullptr) zmq_close(std::exchange(pair_, nullptr));
}

// An event is two parts, of which the second is an endpoint: our own, where we bind.
void ZmqMonitor::hear() {
  while (pair_ != nullptr) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    const bool got = zmq_msg_recv(&part, pair_, ZMQ_DONTWAIT) >= 0;
    std::optional<Event> event;
    if (got && zmq_msg_more(&part) != 0)
      event = read_event(zmq_msg_data(&part), zmq_msg_size(&part));
    zmq_msg_close(&part);
    if (!got) return;
    if (event) callback_(*event);
  }
}

}  // namespace itnxt
