#include "daemon/io/zmq_security.hpp"

#include <poll.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <utility>

namespace itnxt {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyText = 40;
constexpr const char* kKey = "aggregator.curve";
using KeyText = std::array<char, kKeyText + 1>;

// A request's parts behind the peer: RFC 27, "The ZAP protocol", and RFC 26 for the credentials.
enum Part : std::size_t { empty, version, id, domain, address, identity, mechanism, credentials };
constexpr std::size_t kRequestParts = credentials + 1;

std::string key_of(std::span<const std::string_view> request) {
  const bool curve = request.size() == kRequestParts && request[version] == "1.0" &&
                     request[mechanism] == "CURVE" && request[credentials].size() == kKeyBytes;
  KeyText text{};
  if (!curve || zmq_z85_encode(text.data(),
                               reinterpret_cast<const std::uint8_t*>(request[credentials].data()),
                               kKeyBytes) == nullptr) {
    return {};
  }
  return text.data();
}

}  // namespace

Result<CurvePair> make_curve_pair() {
  KeyText own_public{};
  KeyText own_secret{};
  if (zmq_curve_keypair(own_public.data(), own_secret.data()) != 0) {
    return Error{std::string("libzmq makes no keys: ") + zmq_strerror(zmq_errno())};
  }
  return CurvePair{own_public.data(), own_secret.data()};
}

Result<std::string> curve_public_key(const std::string& secret_key) {
  KeyText own_public{};
  if (secret_key.size() != kKeyText || zmq_curve_public(own_public.data(), secret_key.c_str()) != 0)
    return Error{"no secret key of CURVE"};
  return std::string(own_public.data());
}

Gate::Gate(Loop& loop, Log& log, const CurveServerConfig& config)
    : loop_(loop),
      log_(log),
      keys_{config.secret_key.reveal(), {}},
      nodes_(config.nodes.begin(), config.nodes.end()) {}

Result<std::unique_ptr<Gate>> Gate::open(Loop& loop, Log& log, ZmqContext& zmq,
                                         const CurveServerConfig& config) {
  std::unique_ptr<Gate> gate(new Gate(loop, log, config));
  Gate& self = *gate;
  auto handler = ZmqSocket::bind_router(
      loop, zmq, kKey, "inproc://zeromq.zap.01",
      {.message = [&self](const ZmqMessage& request) { self.judge(request); },
       .writable = nullptr,
       .disconnected = nullptr});
  if (!handler) return Error{handler.error()};
  gate->handler_ = std::move(handler).value();
  if (const Status proved = gate->prove(zmq); !proved) return Error{proved.error()};
  return gate;
}

bool Gate::reconfigure(const CurveServerConfig& config) {
  Nodes fresh(config.nodes.begin(), config.nodes.end());
  bool taken_away = false;
  for (const auto& [key, node] : nodes_) {
    const auto still = fresh.find(key);
    taken_away = taken_away || still == fresh.end() || still->second != node;
  }
  nodes_ = std::move(fresh);
  return taken_away;
}

const NodeName* Gate::node_of(std::string_view user) const {
  const auto found = nodes_.find(user);
  return found == nodes_.end() ? nullptr : &found->second;
}

void Gate::judge(const ZmqMessage& request) {
  if (request.parts.size() <= id) return;
  std::string key = key_of(request.parts);
  const bool known = !key.empty() && node_of(key) != nullptr;
  if (!known && !proving_) {
    const std::string from(request.parts.size() > address ? request.parts[address] : "");
    if (const auto due = complaints_.due(from, loop_.now())) {
      log_.warning("a key that aggregator.curve.nodes does not name was refused",
                   {{"peer", due->peer}, {"key", key}, {"unsaid", std::to_string(due->unsaid)}});
    }
  }
  const std::array<std::string, 7> answer = {"",
                                             "1.0",
                                             std::string(request.parts[id]),
                                             known ? "200" : "400",
                                             known ? "OK" : "unknown key",
                                             known ? std::move(key) : "",
                                             ""};
  handler_->reply(request.peer, answer);
}

// The same sockets as in earnest, and a stranger with a key of this moment.
Status Gate::prove(ZmqContext& zmq) {
  const std::string endpoint =
      "ipc://@itnxt-gate-" + std::to_string(getpid()) + '-' + std::to_string(zmq.next_number());
  const auto own_public = curve_public_key(keys_.secret);
  if (!own_public) return Error{std::string(kKey) + ".secret_key: " + own_public.error()};
  const auto pair = make_curve_pair();
  if (!pair) return Error{pair.error()};
  bool let_in = false;
  bool refused = false;
  auto door = ZmqSocket::bind_router(loop_, zmq, kKey, endpoint,
                                     {.message = [&](const ZmqMessage&) { let_in = true; },
                                      .writable = nullptr,
                                      .disconnected = nullptr},
                                     keys_);
  if (!door) return Error{door.error()};
  auto stranger = ZmqSocket::connect_dealer(
      loop_, zmq, kKey, endpoint,
      {.message = nullptr,
       .writable = nullptr,
       .disconnected = nullptr,
       .refused = [&](HandshakeFault fault) { refused |= fault == HandshakeFault::key; }},
      CurveKeys{pair->secret_key, *own_public});
  if (!stranger) return Error{stranger.error()};
  proving_ = true;
  const std::array<std::string, 1> greeting = {"let me in"};
  for (int waited_ms = 0; waited_ms < 5'000 && !refused && !let_in; ++waited_ms) {
    for (ZmqSocket* socket : {handler_.get(), door->get(), stranger->get()}) socket->serve();
    (void)stranger.value()->send(greeting, {});
    poll(nullptr, 0, 1);
  }
  proving_ = false;
  if (refused && !let_in) return {};
  return Error{std::string(kKey) + ": a stranger's key was " +
               (let_in ? "let in" : "not refused within 5 s") +
               " when it was tried; nothing is opened to other hosts"};
}

}  // namespace itnxt
