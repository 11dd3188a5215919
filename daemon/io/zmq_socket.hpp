// ZeroMQ as itnxt uses it: a ROUTER that binds and a DEALER that connects, an XPUB that binds and a
// SUB that connects, as callbacks on our loop. Only the zmq_* files know the library. All on the
// loop's thread; nothing here blocks but the end of ZmqContext, which waits for its sockets
// (destroy them first) and their linger.
//
// Limits against hostile and dead peers: parts of at most 1 MiB, handshake within 5 s, few of them
// unfinished at a time (zmq_door.hpp; where `refused` is heard), bounded queues, TCP keepalive, no
// ZMTP heartbeats (they abort libzmq 4.3.4 under back-pressure). Of a message of any number of
// parts the first are kept, and a round of the loop reads 1024 parts or 1 MiB. Before its last part
// has come a message is libzmq's, which bounds parts but not their number (64 bytes for an empty
// one): who may connect can make us use memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"
#include "daemon/io/handshake.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

class ZmqContext {
 public:
  ZmqContext();
  ~ZmqContext();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  [[nodiscard]] void* handle() const { return handle_; }
  [[nodiscard]] std::uint64_t next_number() { return ++number_; }  // for names that are not re-used

 private:
  void* handle_;
  std::uint64_t number_ = 0;
};

// CURVE (RFC 26 of ZeroMQ); keys in Z85 (RFC 32). A socket that binds lets in whom the Gate of its
// context (zmq_security.hpp) lets in: without one, everybody who knows its public key.
struct CurveKeys {
  std::string secret;
  std::string server;  // of a socket that connects: the public key of whom it means
};

// Views into a received message, good until the callback returns.
struct ZmqMessage {
  std::string_view peer;     // ROUTER: whom to answer; bytes of the library's choice
  std::string_view address;  // the peer's IP address; empty where there is none (ipc, inproc)
  std::string_view user;     // the peer's public key as the Gate knows it; empty without CURVE
  std::span<const std::string_view> parts;  // at most kMaxKeptParts, the rest is thrown away
};

class ZmqSocket {
 public:
  static constexpr std::size_t kMaxKeptParts = 65;

  struct Callbacks {
    std::function<void(const ZmqMessage&)> message;
    std::function<void()> writable;      // after a send() that returned false
    std::function<void()> disconnected;  // DEALER: what was sent and not answered may be lost
    // A connection that was not to be. After `key` a socket that connects does not try again.
    std::function<void(HandshakeFault)> refused{};
    std::function<void()> connected{};  // SUB
    // One that binds: too many had not finished their handshake, one from this address was ended.
    std::function<void(const std::string& address)> shown_out{};
  };

  using Made = Result<std::unique_ptr<ZmqSocket>>;

  // The error says what cannot be bound or connected, why, and what to do; `key` is the name of the
  // endpoint's setting. An ipc endpoint is made for this user only (0600, missing folder 0700).
  static Made bind_router(Loop& loop, ZmqContext& context, std::string_view key,
                          const std::string& endpoint, Callbacks callbacks,
                          const std::optional<CurveKeys>& curve = {});
  // Connecting goes on in the background for as long as the socket lives.
  static Made connect_dealer(Loop& loop, ZmqContext& context, std::string_view key,
                             const std::string& endpoint, Callbacks callbacks,
                             const std::optional<CurveKeys>& curve = {});
  // Its messages are subscriptions (a byte 1 and a prefix) and their ends (0), of at most 1 KiB.
  static Made bind_publisher(Loop& loop, ZmqContext& context, std::string_view key,
                             const std::string& endpoint, Callbacks callbacks,
                             const std::optional<CurveKeys>& curve = {});
  static Made connect_subscriber(Loop& loop, ZmqContext& context, std::string_view key,
                                 const std::string& endpoint, const std::string& prefix,
                                 Callbacks callbacks, const std::optional<CurveKeys>& curve = {});
  // May be called in one of its callbacks.
  ~ZmqSocket();
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;

  // All parts or none; `tail` is appended to the first. False: no peer has room now, writable()
  // will be called.
  [[nodiscard]] bool send(std::span<const std::string> parts, std::string_view tail);
  // ROUTER. A peer that is gone or does not read loses the message.
  void reply(std::string_view peer, std::string_view bytes);
  void reply(std::string_view peer, std::span<const std::string> parts);
  // XPUB. To those that subscribe to it; who has no room loses it.
  void publish(std::string_view topic, std::string_view bytes);

  // Of a socket that binds: ends every connection and takes new ones at the same endpoint, at once
  // or as soon as the library has given it free. `trouble`: not within 5 s; it goes on trying.
  void rebind(const std::function<void(const Error&)>& trouble);
  // Does what is there to do, without waiting for the loop.
  void serve();

  // With the port that a wildcard ("tcp://127.0.0.1:*") became.
  [[nodiscard]] std::string endpoint() const;

 private:
  struct Impl;
  struct Plan;
  explicit ZmqSocket(std::shared_ptr<Impl> impl);
  static Made make(Loop& loop, ZmqContext& context, Plan plan, Callbacks callbacks);
  std::shared_ptr<Impl> impl_;
};

}  // namespace itnxt
