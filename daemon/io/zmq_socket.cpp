#include "daemon/io/zmq_socket.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/io/zmq_bind.hpp"

namespace itnxt {
namespace {

constexpr std::int64_t kMaxPartBytes = 1 << 20;
constexpr int kQueue = 256;  // messages each way; the credit window of an outlet is smaller
constexpr std::size_t kPartsPerRound = 1024;  // a message has two, seldom more
constexpr std::size_t kBytesPerRound = std::size_t{1} << 20;

void set(void* socket, int option, int value) {
  zmq_setsockopt(socket, option, &value, sizeof value);
}

void configure(void* socket, bool router) {
  zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &kMaxPartBytes, sizeof kMaxPartBytes);
  set(socket, ZMQ_HANDSHAKE_IVL, 5'000);
  set(socket, ZMQ_SNDHWM, kQueue);
  set(socket, ZMQ_RCVHWM, kQueue);
  set(socket, ZMQ_TCP_KEEPALIVE, 1);
  set(socket, ZMQ_TCP_KEEPALIVE_IDLE, 30);
  set(socket, ZMQ_TCP_KEEPALIVE_INTVL, 10);
  set(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
  set(socket, ZMQ_TCP_MAXRT, 30'000);
  set(socket, ZMQ_RECONNECT_IVL, 100);
  set(socket, ZMQ_RECONNECT_IVL_MAX, 5'000);
  set(socket, ZMQ_BACKLOG, 1024);
  // The last acks get a moment to leave; batches need none, they are kept until acknowledged.
  set(socket, ZMQ_LINGER, router ? 500 : 0);
  // Without a connection send() says so, instead of piling up what cannot be taken back.
  if (!router) set(socket, ZMQ_IMMEDIATE, 1);
}

// One received part, freed when it goes.
struct Part {
  zmq_msg_t message{};
  Part() { zmq_msg_init(&message); }
  ~Part() { zmq_msg_close(&message); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  [[nodiscard]] std::string_view bytes() {
    return {static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message)};
  }
};

// What was read in one round of the loop.
struct Round {
  std::size_t parts = 0;
  std::size_t bytes = 0;
  [[nodiscard]] bool full() const { return parts >= kPartsPerRound || bytes >= kBytesPerRound; }
};

bool send_part(void* socket, std::string_view head, std::string_view tail, int flags) {
  zmq_msg_t message;
  if (zmq_msg_init_size(&message, head.size() + tail.size()) != 0) return false;
  auto* data = static_cast<char*>(zmq_msg_data(&message));
  if (!head.empty()) std::memcpy(data, head.data(), head.size());
  if (!tail.empty()) std::memcpy(data + head.size(), tail.data(), tail.size());
  while (zmq_msg_send(&message, socket, flags | ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EINTR) continue;
    zmq_msg_close(&message);
    return false;
  }
  return true;
}

int watched_fd(void* socket) {
  int fd = -1;
  std::size_t size = sizeof fd;
  zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
  return fd;
}

}  // namespace

ZmqContext::ZmqContext() : handle_(zmq_ctx_new()) {
  if (handle_ == nullptr)
    throw std::system_error(zmq_errno(), std::generic_category(), "zmq_ctx_new");
}

ZmqContext::~ZmqContext() {
  while (zmq_ctx_term(handle_) != 0 && zmq_errno() == EINTR) continue;
}

// Shared, so that a callback may destroy the socket while process() stands on it.
struct ZmqSocket::Impl {
  Impl(Loop& l, void* s, bool is_router, Callbacks c)
      : loop(l), socket(s), router(is_router), callbacks(std::move(c)) {}
  ~Impl() { shut(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void shut() {
    again.cancel();
    first_look.cancel();
    for (Watch* watch : {&readable_watch, &monitor_watch}) watch->cancel();
    if (monitor != nullptr) {
      zmq_socket_monitor(socket, nullptr, 0);
      zmq_close(std::exchange(monitor, nullptr));
    }
    if (socket != nullptr) zmq_close(std::exchange(socket, nullptr));
  }

  // ZMQ_FD speaks only when the state changes, and any call of the library may swallow that: after
  // each use of the socket the state is looked at again, in the next round.
  void look_again() {
    if (!again) again = loop.after(Duration::zero(), [this] { process(); });
  }

  void start(const std::shared_ptr<Impl>& self) {
    weak = self;
    readable_watch = loop.watch(watched_fd(socket), Interest::readable, [this] { process(); });
    look_again();
  }

  void watch_connection(ZmqContext& context) {
    const std::string name = "inproc://itnxt-monitor-" + std::to_string(context.next_number());
    constexpr int kEvents = ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (zmq_socket_monitor(socket, name.c_str(), kEvents) != 0) return;
    monitor = zmq_socket(context.handle(), ZMQ_PAIR);
    if (monitor == nullptr) return;
    set(monitor, ZMQ_LINGER, 0);
    zmq_connect(monitor, name.c_str());
    monitor_watch = loop.watch(watched_fd(monitor), Interest::readable, [this] { hear(); });
    first_look = loop.after(Duration::zero(), [this] { hear(); });  // until then the fd is mute
  }

  // An event is two parts, of which the first begins with its number (16 bits, in host order).
  // Between the end of a connection and the next handshake nothing is sent: for a moment the
  // library would still take it, only to throw it away.
  void hear() {
    const std::shared_ptr<Impl> keep = weak.lock();
    for (Part part; zmq_msg_recv(&part.message, monitor, ZMQ_DONTWAIT) >= 0;) {
      std::uint16_t event = 0;
      if (zmq_msg_more(&part.message) == 0 || part.bytes().size() < sizeof event) continue;
      std::memcpy(&event, part.bytes().data(), sizeof event);
      parted = event == ZMQ_EVENT_DISCONNECTED;
      if (parted && callbacks.disconnected) callbacks.disconnected();
      if (socket == nullptr) return;
    }
    look_again();
  }

  void process() {
    const std::shared_ptr<Impl> keep = weak.lock();
    again.cancel();
    Round round;
    while (!round.full()) {
      int events = 0;
      std::size_t size = sizeof events;
      if (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) != 0) return;
      if (blocked && !parted && (events & ZMQ_POLLOUT) != 0) {
        blocked = false;
        ++round.parts;
        if (callbacks.writable) callbacks.writable();
      } else if ((events & ZMQ_POLLIN) != 0) {
        receive(round);
      } else {
        return;  // nothing to do: the next change will be signalled
      }
      if (socket == nullptr) return;
    }
    look_again();
  }

  // A message, or as much of it as the round allows: how many parts it has is up to the peer. What
  // is beyond those we keep is thrown away one by one.
  void receive(Round& round) {
    bool more = true;
    while (more) {
      if (round.full()) return;  // goes on in the next round
      ++round.parts;
      Part part;
      while (zmq_msg_recv(&part.message, socket, ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() != EINTR) return;
      }
      round.bytes += zmq_msg_size(&part.message);
      more = zmq_msg_more(&part.message) != 0;
      if (kept < parts.size()) zmq_msg_move(&parts[kept++].message, &part.message);
    }
    deliver();
    for (; kept > 0; --kept) {  // large ones are not to be kept
      zmq_msg_close(&parts[kept - 1].message);
      zmq_msg_init(&parts[kept - 1].message);
    }
  }

  void deliver() {
    std::array<std::string_view, kMaxKeptParts + 1> views;
    for (std::size_t i = 0; i < kept; ++i) views[i] = parts[i].bytes();
    const std::size_t first = router ? 1 : 0;
    if (kept <= first || !callbacks.message) return;
    const char* address = zmq_msg_gets(&parts[first].message, "Peer-Address");
    callbacks.message({router ? views[0] : std::string_view{},
                       address == nullptr ? std::string_view{} : std::string_view(address),
                       {views.data() + first, kept - first}});
  }

  Loop& loop;
  void* socket;
  const bool router;
  Callbacks callbacks;
  std::weak_ptr<Impl> weak;
  void* monitor = nullptr;
  bool blocked = false;                       // a send() failed, writable() is owed
  bool parted = false;                        // the connection ended, the next is not there yet
  std::array<Part, kMaxKeptParts + 1> parts;  // of the message that is being received
  std::size_t kept = 0;                       // so many of them
  Watch readable_watch;
  Watch monitor_watch;
  Timer again;
  Timer first_look;
};

ZmqSocket::ZmqSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqSocket::~ZmqSocket() {
  impl_->shut();
}

Result<std::unique_ptr<ZmqSocket>> ZmqSocket::bind_router(Loop& loop, ZmqContext& context,
                                                          std::string_view key,
                                                          const std::string& endpoint,
                                                          Callbacks callbacks) {
  void* socket = zmq_socket(context.handle(), ZMQ_ROUTER);
  if (socket == nullptr) return zmq_failure(key, endpoint, "bound", zmq_errno());
  auto impl = std::make_shared<Impl>(loop, socket, true, std::move(callbacks));
  configure(socket, true);
  if (endpoint.find('[') != std::string::npos) set(socket, ZMQ_IPV6, 1);
  if (const int error = zmq_bind_endpoint(socket, endpoint))
    return zmq_failure(key, endpoint, "bound", error);
  impl->start(impl);
  return std::unique_ptr<ZmqSocket>(new ZmqSocket(std::move(impl)));
}

Result<std::unique_ptr<ZmqSocket>> ZmqSocket::connect_dealer(Loop& loop, ZmqContext& context,
                                                             std::string_view key,
                                                             const std::string& endpoint,
                                                             Callbacks callbacks) {
  void* socket = zmq_socket(context.handle(), ZMQ_DEALER);
  if (socket == nullptr) return zmq_failure(key, endpoint, "connected", zmq_errno());
  auto impl = std::make_shared<Impl>(loop, socket, false, std::move(callbacks));
  configure(socket, false);
  if (endpoint.find('[') != std::string::npos) set(socket, ZMQ_IPV6, 1);
  impl->watch_connection(context);
  if (zmq_connect(socket, endpoint.c_str()) != 0) {
    return zmq_failure(key, endpoint, "connected", zmq_errno());
  }
  impl->start(impl);
  return std::unique_ptr<ZmqSocket>(new ZmqSocket(std::move(impl)));
}

bool ZmqSocket::send(std::span<const std::string> parts, std::string_view tail) {
  if (impl_->parted || impl_->blocked) {
    impl_->blocked = true;
    return false;
  }
  impl_->look_again();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    const bool sent = send_part(impl_->socket, parts[i], i == 0 ? tail : std::string_view{},
                                last ? 0 : ZMQ_SNDMORE);
    // The library looks at its limits at the first part only; what fails later is a connection that
    // went, and the message with it.
    if (!sent && i == 0) {
      impl_->blocked = true;
      return false;
    }
  }
  return true;
}

void ZmqSocket::reply(std::string_view peer, std::string_view bytes) {
  impl_->look_again();
  if (send_part(impl_->socket, peer, {}, ZMQ_SNDMORE)) {
    (void)send_part(impl_->socket, bytes, {}, 0);
  }
}

std::string ZmqSocket::endpoint() const {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(impl_->socket, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

}  // namespace itnxt
