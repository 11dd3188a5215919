// The way into the aggregator: takes batches of any number of collectors, hands them on, then
// acknowledges. What comes twice is handed on twice (the state knows it by epoch and sequence) and
// acknowledged twice. Events are handed on with the way back: they are acknowledged when they are
// on the disk. A malformed message, and one that its sender may not send (sender_check.hpp), is
// counted, logged at a bounded rate and dropped, and its sender told why: it is never acknowledged
// and never fatal. On the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/io/complaints.hpp"
#include "daemon/io/crowd_report.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/sender_check.hpp"
#include "daemon/io/zmq_socket.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

using EventReply = std::function<void(const wire::EventAck&)>;

struct InletCounts {
  std::array<std::uint64_t, wire::kRefusals> refused{};  // messages, by wire::Refusal
  std::array<std::uint64_t, kDenials> denied{};          // messages, by Denial
  HandshakeCounts handshakes{};                          // connections, by HandshakeFault
};

struct InletRules {
  const Gate* gate = nullptr;     // who may come, by CURVE; null: who can connect
  std::optional<Bytes> budget{};  // of each node, a second; nothing: what it likes
};

// What an inlet may serve besides batches.
struct InletHooks {
  // Good until it returns. What it returns is told to the sender: the events are not taken.
  std::function<std::optional<wire::Refusing>(const EventBatch&, EventReply)> events{};
  // How many batches a connection may have under way.
  std::function<std::uint32_t()> credit{};
  // A message was refused, and this is the first of its peer for a while. Its node is that of the
  // peer's key, else who it says it is, as far as that is readable.
  std::function<void(const std::string& peer, const wire::Refused&)> refused{};
};

class Inlet {
 public:
  // The batch is good until the handler returns.
  using Handler = std::function<void(const Batch&)>;

  // `endpoint` as in aggregator.listen; the error names that key. All outlive it.
  static Result<std::unique_ptr<Inlet>> open(Loop& loop, Log& log, ZmqContext& zmq,
                                             const std::string& endpoint, Handler handler,
                                             const InletRules& rules = {});
  Inlet(const Inlet&) = delete;
  Inlet& operator=(const Inlet&) = delete;

  void set_hooks(InletHooks hooks) { hooks_ = std::move(hooks); }

  [[nodiscard]] const InletCounts& counts() const { return counts_; }
  // Ends every connection, so that all come anew and are looked at anew.
  void rebind();
  void set_budget(Bytes budget) {
    if (sender_check_) sender_check_->set_budget(budget);
  }

  // With the port that a wildcard became.
  [[nodiscard]] std::string endpoint() const { return socket_->endpoint(); }

 private:
  Inlet(Loop& loop, Log& log, Handler handler, const Gate* gate);
  void take(const ZmqMessage& message);
  void take(const EventBatch& events, const ZmqMessage& message);
  void refuse(const ZmqMessage& message, wire::Refused refused);
  bool admits(const ZmqMessage& message, std::optional<Denial> denial, const std::string& node);
  void count_handshake(HandshakeFault fault);
  void tell(const ZmqMessage& message, const wire::Refusing& refusing);

  Loop& loop_;
  Log& log_;
  const Handler handler_;
  const Gate* const gate_;
  InletHooks hooks_;
  wire::Decoder decoder_;
  InletCounts counts_;
  std::optional<SenderCheck> sender_check_;
  Complaints complaints_;  // by peer
  Complaints denials_;     // by peer and reason
  CrowdReport crowds_;
  std::map<std::string, Instant> told_;  // by connection: when it was last told a refusal
  std::unique_ptr<ZmqSocket> socket_;
};

}  // namespace itnxt
