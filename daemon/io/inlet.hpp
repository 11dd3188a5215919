// The way into the aggregator: takes batches of any number of collectors, hands them on, then
// acknowledges. What comes twice is handed on twice (the state knows it by epoch and sequence) and
// acknowledged twice. A malformed message is counted, logged at a bounded rate and dropped: it is
// never acknowledged and never fatal. On the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/zmq_socket.hpp"
#include "daemon/wire/codec.hpp"

namespace itnxt {

struct InletCounts {
  std::array<std::uint64_t, wire::kRefusals> refused{};  // messages, by wire::Refusal
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

  [[nodiscard]] const InletCounts& counts() const { return counts_; }
  // With the port that a wildcard became.
  [[nodiscard]] std::string endpoint() const { return socket_->endpoint(); }

 private:
  Inlet(Loop& loop, Log& log, Handler handler);
  void take(const ZmqMessage& message);
  void refuse(const ZmqMessage& message, const wire::Refused& refused);

  struct Complaint {
    Instant last;
    std::uint64_t unsaid = 0;
  };

  Loop& loop_;
  Log& log_;
  const Handler handler_;
  wire::Decoder decoder_;
  InletCounts counts_;
  std::map<std::string, Complaint> complaints_;  // by peer
  std::unique_ptr<ZmqSocket> socket_;
};

}  // namespace itnxt
