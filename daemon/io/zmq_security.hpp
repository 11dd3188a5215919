// Who may speak to this process by CURVE: keys, and the handler that libzmq asks about each
// connection (ZAP, RFC 27 of ZeroMQ). On the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"
#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/complaints.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/zmq_socket.hpp"

namespace itnxt {

// In Z85.
struct CurvePair {
  std::string public_key;
  std::string secret_key;
};
Result<CurvePair> make_curve_pair();
Result<std::string> curve_public_key(const std::string& secret_key);

// The allow-list. One for each context, there before the first socket that binds with its keys and
// until after the last: without a handler libzmq would let in everybody who knows the public key.
class Gate {
 public:
  // Tries itself on a stranger first: one that lets it in, or does not answer, is an Error. That
  // takes a few milliseconds, at most 5 s. All outlive it.
  static Result<std::unique_ptr<Gate>> open(Loop& loop, Log& log, ZmqContext& zmq,
                                            const CurveServerConfig& config);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // The new list holds for the next handshake and for node_of(). True: a key went or became
  // another node's, so that what is connected is to be ended (ZmqSocket::rebind).
  bool reconfigure(const CurveServerConfig& config);

  // The node for which the one with this key (ZmqMessage::user) speaks, as of now; null: none.
  [[nodiscard]] const NodeName* node_of(std::string_view user) const;
  [[nodiscard]] const CurveKeys& keys() const { return keys_; }

 private:
  using Nodes = std::map<std::string, NodeName, std::less<>>;
  Gate(Loop& loop, Log& log, const CurveServerConfig& config);
  void judge(const ZmqMessage& request);
  Status prove(ZmqContext& zmq);

  Loop& loop_;
  Log& log_;
  CurveKeys keys_;
  Nodes nodes_;
  Complaints complaints_;
  bool proving_ = false;
  std::unique_ptr<ZmqSocket> handler_;
};

}  // namespace itnxt
