#include "daemon/ctl/tail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "daemon/config/load.hpp"
#include "daemon/core/text.hpp"
#include "daemon/ctl/verbs.hpp"
#include "daemon/io/poll_loop.hpp"
#include "daemon/io/signals.hpp"
#include "daemon/io/zmq_security.hpp"
#include "daemon/io/zmq_socket.hpp"

namespace itnxt::ctl {
namespace {

constexpr Duration kTellEvery = 1s;
constexpr Duration kPatience = 5s;  // without anybody who serves the stream

std::string_view advice(HandshakeFault fault, bool has_keys) {
  switch (fault) {
    case HandshakeFault::key:
      return "the aggregator does not know this key; put it into its aggregator.curve.nodes";
    case HandshakeFault::mechanism:
      return has_keys ? "the stream there is not encrypted; leave --key and --server-key off"
                      : "the stream there is encrypted; give --key and --server-key";
    case HandshakeFault::ended:
      if (!has_keys) {
        // Also of a stream that is encrypted, when its end overtakes what it says.
        return "the connection ended before the handshake did; if the stream there is encrypted, "
               "give --key and --server-key, else: is this the aggregator.publish of an "
               "aggregator?";
      }
      [[fallthrough]];
    case HandshakeFault::cryptography:
      return "the connection ended while keys were exchanged; is --server-key that of the "
             "aggregator?";
    case HandshakeFault::protocol:
      return "what answers there is no stream of itnxt; mend --endpoint";
  }
  return "";
}

class Tailing {
 public:
  Tailing(Invocation& call, std::optional<CurveKeys> keys) : call_(call), keys_(std::move(keys)) {}

  void run() {
    auto socket = ZmqSocket::connect_subscriber(
        loop_, zmq_, "--endpoint", call_.tail.endpoint, call_.tail.topic,
        {.message = [this](const ZmqMessage& message) { take(message); },
         .writable = nullptr,
         .disconnected = [this] { tell_gone(); },
         .refused = [this](HandshakeFault fault) { give_up(fault); },
         .connected =
             [this] {
               is_answered_ = true;
               patience_.cancel();
             }},
        keys_);
    if (!socket) return fail(call_, kFailed, socket.error());
    signals_.deliver(loop_, [this](Signal) { loop_.stop(); });
    Timer end;
    const Timer begin = loop_.after(Duration::zero(), [&] {
      began_ = loop_.now();
      patience_ = loop_.after(kPatience, [this] { loop_.stop(); });
      if (call_.for_ms == 0) return;
      end = loop_.after(std::chrono::milliseconds(call_.for_ms), [this] { loop_.stop(); });
    });
    loop_.run();
    if (gave_up_) return;
    if (!is_answered_) return tell_nobody();
    tell_.cancel();
    tell_lost();
    fmt::print(stderr, "itnxtctl: {} messages, {} lost\n", losses_.messages(), losses_.lost());
  }

 private:
  void take(const ZmqMessage& message) {
    if (message.parts.size() != 2) return;
    const auto decoded = wire::decode_stream(message.parts[1]);
    if (!decoded) return;
    const std::string topic = sanitize(message.parts[0], 1024);
    losses_.before(topic, *decoded);
    if (losses_.lost() != told_ && !tell_) {
      tell_ = loop_.after(kTellEvery, [this] { tell_lost(); });
    }
    if (!print(call_, call_.json ? tail_json(topic, *decoded) : tail_line(*decoded))) loop_.stop();
  }

  // Not in the midst of them: a thousand topics may lack some at once.
  void tell_lost() {
    tell_.cancel();
    if (losses_.lost() == told_) return;
    fmt::print(stderr, "itnxtctl: {} messages lost: this reader was too slow, or not connected\n",
               losses_.lost() - told_);
    told_ = losses_.lost();
  }

  void tell_gone() {
    if (!gave_up_) fmt::print(stderr, "itnxtctl: the aggregator is gone; waiting\n");
  }

  // The library connects again and again, and says nothing of what becomes of it.
  void tell_nobody() {
    const Duration waited = std::chrono::floor<std::chrono::milliseconds>(loop_.now() - began_);
    const Duration least = std::min<Duration>(kPatience, waited / 100ms * 100ms);
    fail(call_, kFailed,
         fmt::format("{}: no aggregator has answered for {}; does it run, is this its "
                     "aggregator.publish, and may this host reach it?",
                     call_.tail.endpoint, to_text(least)));
  }

  void give_up(HandshakeFault fault) {
    if (std::exchange(gave_up_, true)) return;
    fail(call_, kFailed,
         fmt::format("{}: {}", call_.tail.endpoint, advice(fault, keys_.has_value())));
    loop_.stop();
  }

  Invocation& call_;
  const std::optional<CurveKeys> keys_;
  Signals signals_;  // before any thread
  PollLoop loop_;
  ZmqContext zmq_;
  Losses losses_;
  std::uint64_t told_ = 0;
  Timer tell_;
  Instant began_;
  Timer patience_;
  bool is_answered_ = false;  // the handshake came to its end once
  bool gave_up_ = false;      // said why
};

}  // namespace

void run_tail(Invocation& call) {
  std::optional<CurveKeys> keys;
  if (!call.tail.key_file.empty()) {
    Secret secret(Secret::Source::file, call.tail.key_file);
    if (const Status read = read_secret(secret); !read) {
      return fail(call, kFailed, "--key: " + read.error());
    }
    keys = CurveKeys{secret.reveal(), call.tail.server_key};
  }
  Tailing(call, std::move(keys)).run();
}

}  // namespace itnxt::ctl
