#include "daemon/io/zmq_socket.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/io/zmq_bind.hpp"
#include "daemon/io/zmq_door.hpp"
#include "daemon/io/zmq_monitor.hpp"

namespace itnxt {
namespace {

constexpr std::int64_t kMaxPartBytes = 1 << 20;
constexpr std::int64_t kMaxSubscriptionBytes = 1024;
constexpr std::size_t kKeyText = 40;  // a key in Z85
constexpr int kStreamQueue = 16'384;  // messages of the stream; a subscriber may lag behind so far
constexpr Duration kRebindEvery = 10ms;
constexpr Duration kRebindPatience = 5s;
constexpr int kQueue = 256;  // messages each way; the credit window of an outlet is smaller
constexpr std::size_t kPartsPerRound = 1024;  // a message has two, seldom more
constexpr std::size_t kBytesPerRound = std::size_t{1} << 20;

void set(void* socket, int option, int value) {
  zmq_setsockopt(socket, option, &value, sizeof value);
}

void configure(void* socket, int type) {
  const bool publishes = type == ZMQ_XPUB;
  const std::int64_t most = publishes ? kMaxSubscriptionBytes : kMaxPartBytes;
  zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
  set(socket, ZMQ_HANDSHAKE_IVL, 5'000);
  set(socket, ZMQ_SNDHWM, publishes ? kStreamQueue : kQueue);
  set(socket, ZMQ_RCVHWM, type == ZMQ_SUB ? kStreamQueue : kQueue);
  set(socket, ZMQ_TCP_KEEPALIVE, 1);
  set(socket, ZMQ_TCP_KEEPALIVE_IDLE, 30);
  set(socket, ZMQ_TCP_KEEPALIVE_INTVL, 10);
  set(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
  set(socket, ZMQ_TCP_MAXRT, 30'000);
  set(socket, ZMQ_RECONNECT_IVL, 100);
  set(socket, ZMQ_RECONNECT_IVL_MAX, 1'000);
  set(socket, ZMQ_BACKLOG, 1024);
  // The last acks get a moment to leave; batches need none, they are kept until acknowledged.
  set(socket, ZMQ_LINGER, type == ZMQ_ROUTER ? 500 : 0);
  // Without a connection send() says so, instead of piling up what cannot be taken back.
  if (type == ZMQ_DEALER) set(socket, ZMQ_IMMEDIATE, 1);
  if (publishes) set(socket, ZMQ_XPUB_VERBOSE, 1);  // says also what others have subscribed to
}

// False: a key is none.
bool secure(void* socket, const CurveKeys& keys) {
  std::array<char, kKeyText + 1> own_public{};
  const auto put = [&](int option, const char* key) {
    return zmq_setsockopt(socket, option, key, kKeyText + 1) == 0;
  };
  if (keys.secret.size() != kKeyText ||
      zmq_curve_public(own_public.data(), keys.secret.c_str()) != 0) {
    return false;
  }
  if (keys.server.empty()) {
    set(socket, ZMQ_CURVE_SERVER, 1);
    return put(ZMQ_CURVE_SECRETKEY, keys.secret.c_str());
  }
  return keys.server.size() == kKeyText && put(ZMQ_CURVE_SERVERKEY, keys.server.c_str()) &&
         put(ZMQ_CURVE_PUBLICKEY, own_public.data()) &&
         put(ZMQ_CURVE_SECRETKEY, keys.secret.c_str());
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
  Impl(Loop& l, void* s, int t, Callbacks c)
      : loop(l), socket(s), type(t), callbacks(std::move(c)) {}
  ~Impl() { shut(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void shut() {
    again.cancel();
    binding.cancel();
    readable_watch.cancel();
    if (door) door->shut();
    monitor.shut();
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

  // Between the end of a connection and the next handshake nothing is sent: for a moment the
  // library would still take it, only to throw it away.
  void hear(ZmqMonitor::Event event) {
    const std::shared_ptr<Impl> keep = weak.lock();
    if (const auto* fault = std::get_if<HandshakeFault>(&event)) {
      if (callbacks.refused) callbacks.refused(*fault);
    } else if (const auto* accepted = std::get_if<ZmqMonitor::Accepted>(&event)) {
      if (door) door->accepted(accepted->fd);
    } else if (connects()) {
      parted = std::get<ZmqMonitor::Change>(event) == ZmqMonitor::Change::disconnected;
      if (parted && callbacks.disconnected) callbacks.disconnected();
      if (!parted && callbacks.connected) callbacks.connected();
    }
    if (socket != nullptr && connects()) look_again();
  }

  [[nodiscard]] bool connects() const { return type == ZMQ_DEALER || type == ZMQ_SUB; }

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
    const std::size_t first = type == ZMQ_ROUTER ? 1 : 0;
    if (kept <= first || !callbacks.message) return;
    const auto property = [&](const char* name) {
      const char* text = zmq_msg_gets(&parts[first].message, name);
      return text == nullptr ? std::string_view{} : std::string_view(text);
    };
    callbacks.message({first == 1 ? views[0] : std::string_view{},
                       property("Peer-Address"),
                       property("User-Id"),
                       {views.data() + first, kept - first}});
  }

  void bind_again(const std::string& endpoint, Instant since,
                  const std::function<void(const Error&)>& trouble) {
    const int error = zmq_bind_endpoint(socket, endpoint);
    if (error == 0) return look_again();
    const bool late = loop.now() - since >= kRebindPatience;
    if (late && trouble) trouble(zmq_failure(bound_by, endpoint, "bound again", error));
    binding = loop.after(kRebindEvery, [this, endpoint, since, rest = late ? nullptr : trouble] {
      bind_again(endpoint, since, rest);
    });
  }

  Loop& loop;
  void* socket;
  const int type;
  Callbacks callbacks;
  std::weak_ptr<Impl> weak;
  std::string bound_by;                       // the name of the endpoint's setting
  bool blocked = false;                       // a send() failed, writable() is owed
  bool parted = false;                        // the connection ended, the next is not there yet
  std::array<Part, kMaxKeptParts + 1> parts;  // of the message that is being received
  std::size_t kept = 0;                       // so many of them
  Watch readable_watch;
  ZmqMonitor monitor;
  std::optional<ZmqDoor> door;  // of one that binds
  Timer again;
  Timer binding;
};

ZmqSocket::ZmqSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqSocket::~ZmqSocket() {
  impl_->shut();
}

struct ZmqSocket::Plan {
  int type;
  std::string_view key;
  const std::string& endpoint;
  const std::optional<CurveKeys>& curve;
  const std::string* prefix = nullptr;  // of SUB
};

ZmqSocket::Made ZmqSocket::make(Loop& loop, ZmqContext& context, Plan plan, Callbacks callbacks) {
  const bool connects = plan.type == ZMQ_DEALER || plan.type == ZMQ_SUB;
  const char* what = connects ? "connected" : "bound";
  void* socket = zmq_socket(context.handle(), plan.type);
  if (socket == nullptr) return zmq_failure(plan.key, plan.endpoint, what, zmq_errno());
  const bool hears = connects || callbacks.refused;
  auto impl = std::make_shared<Impl>(loop, socket, plan.type, std::move(callbacks));
  impl->bound_by = plan.key;
  configure(socket, plan.type);
  if (plan.endpoint.find('[') != std::string::npos) set(socket, ZMQ_IPV6, 1);
  if (plan.curve && !secure(socket, *plan.curve)) {
    return Error{std::string(plan.key) + ' ' + plan.endpoint +
                 ": its keys are no keys of CURVE; make a pair by itnxtctl keygen"};
  }
  if (plan.prefix != nullptr)
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, plan.prefix->data(), plan.prefix->size());
  if (hears) {
    Impl* self = impl.get();
    if (!connects) impl->door.emplace(loop, plan.curve.has_value(), impl->callbacks.shown_out);
    impl->monitor.open(loop, context, socket, [self](ZmqMonitor::Event e) { self->hear(e); });
  }
  int error = 0;
  if (!connects) {
    error = zmq_bind_endpoint(socket, plan.endpoint);
  } else if (zmq_connect(socket, plan.endpoint.c_str()) != 0) {
    error = zmq_errno();
  }
  if (error != 0) return zmq_failure(plan.key, plan.endpoint, what, error);
  impl->start(impl);
  return std::unique_ptr<ZmqSocket>(new ZmqSocket(std::move(impl)));
}

ZmqSocket::Made ZmqSocket::bind_router(Loop& loop, ZmqContext& context, std::string_view key,
                                       const std::string& endpoint, Callbacks callbacks,
                                       const std::optional<CurveKeys>& curve) {
  return make(loop, context, {ZMQ_ROUTER, key, endpoint, curve}, std::move(callbacks));
}

ZmqSocket::Made ZmqSocket::connect_dealer(Loop& loop, ZmqContext& context, std::string_view key,
                                          const std::string& endpoint, Callbacks callbacks,
                                          const std::optional<CurveKeys>& curve) {
  return make(loop, context, {ZMQ_DEALER, key, endpoint, curve}, std::move(callbacks));
}

ZmqSocket::Made ZmqSocket::bind_publisher(Loop& loop, ZmqContext& context, std::string_view key,
                                          const std::string& endpoint, Callbacks callbacks,
                                          const std::optional<CurveKeys>& curve) {
  return make(loop, context, {ZMQ_XPUB, key, endpoint, curve}, std::move(callbacks));
}

ZmqSocket::Made ZmqSocket::connect_subscriber(Loop& loop, ZmqContext& context, std::string_view key,
                                              const std::string& endpoint,
                                              const std::string& prefix, Callbacks callbacks,
                                              const std::optional<CurveKeys>& curve) {
  return make(loop, context, {ZMQ_SUB, key, endpoint, curve, &prefix}, std::move(callbacks));
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

void ZmqSocket::reply(std::string_view peer, std::span<const std::string> parts) {
  impl_->look_again();
  if (!send_part(impl_->socket, peer, {}, ZMQ_SNDMORE)) return;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int more = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    if (!send_part(impl_->socket, parts[i], {}, more)) return;
  }
}

void ZmqSocket::publish(std::string_view topic, std::string_view bytes) {
  impl_->look_again();
  if (send_part(impl_->socket, topic, {}, ZMQ_SNDMORE)) {
    (void)send_part(impl_->socket, bytes, {}, 0);
  }
}

// Unbinding ends the listener, and with it the connections that it took.
void ZmqSocket::rebind(const std::function<void(const Error&)>& trouble) {
  const std::string at = endpoint();
  if (zmq_unbind(impl_->socket, at.c_str()) != 0 && impl_->binding) return;  // under way already
  impl_->bind_again(at, impl_->loop.now(), trouble);
}

void ZmqSocket::serve() {
  const std::shared_ptr<Impl> keep = impl_;
  keep->monitor.hear();
  if (keep->socket != nullptr) keep->process();
}

std::string ZmqSocket::endpoint() const {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(impl_->socket, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

}  // namespace itnxt
