// The way into the aggregator: takes batches of any number of collectors, hands them on, then
// acknowledges. What comes twice is handed on twice (the state knows it by epoch and sequence) and
// acknowledged twice. Events are handed on with the way back: they are acknowledged when they are
// on the disk. A malformed message is counted, logged at a bounded rate and dropped, and its sender
// told why: it is never acknowledged and never fatal. On the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/zmq_socket.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

using EventReply = std::function<void(const wire::EventAck&)>;

struct InletCounts {
  std::array<std::uint64_t, wire::kRefusals> refused{};  // messages, by wire::Refusal
};

// What an inlet may serve besides batches.
struct InletHooks {
  // Good until it returns. What it returns is told to the sender: the events are not taken.
  std::function<std::optional<wire::Refusing>(const EventBatch&, EventReply)> events{};
  // How many batches a connection may have under way.
  std::function<std::uint32_t()> credit{};
  // A message was refused, and this is the first of its peer for a while.
  std::function<void(const std::string& peer, const wire::Refused&)> refused{};
};

class Inlet {
 public:
  // The batch is good until the handler returns.
  using Handler = std::function<void(const Batch&)>;

  // `endpoint` as in aggregator.listen; the error names that key. All outlive it.
  static Result<std::unique_ptr<Inlet>> open(Loop& loop, Log& log, ZmqContext& zmq,
                                             const std::string& endpoint, Handler handler);
  Inlet(const Inlet&) = delete;
  Inlet& operator=(const Inlet&) = delete;

  void set_hooks(InletHooks hooks) { hooks_ = std::move(hooks); }

  [[nodiscard]] const InletCounts& counts() const { return counts_; }
  // With the port that a wildcard became.
  [[nodiscard]] std::string endpoint() const { return socket_->endpoint(); }

 private:
  Inlet(Loop& loop, Log& log, Handler handler);
  void take(const ZmqMessage& message);
  void take(const EventBatch& events, const ZmqMessage& message);
  void refuse(const ZmqMessage& message, const wire::Refused& refused);
  void tell(const ZmqMessage& message, const wire::Refusing& refusing);

  struct Complaint {
    Instant last;
    std::uint64_t unsaid = 0;
  };

  Loop& loop_;
  Log& log_;
  const Handler handler_;
  InletHooks hooks_;
  wire::Decoder decoder_;
  InletCounts counts_;
  std::map<std::string, Complaint> complaints_;  // by peer
  std::map<std::string, Instant> told_;          // by connection: when it was last told a refusal
  std::unique_ptr<ZmqSocket> socket_;
};

}  // namespace itnxt
