// The live stream out of the aggregator: an XPUB. A subscriber that reads too slowly loses messages
// (16,384 wait for it) and never holds the aggregator; who subscribes to too much is cut off, and
// with it everybody, who come again by themselves. On the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/core/log.hpp"
#include "daemon/io/complaints.hpp"
#include "daemon/io/crowd_report.hpp"
#include "daemon/io/stream_changes.hpp"
#include "daemon/io/zmq_security.hpp"

namespace itnxt {

class Publisher {
 public:
  // `endpoint` as in aggregator.publish; the error names that key. `gate`: null for an endpoint
  // that only this host reaches. All outlive it.
  static Result<std::unique_ptr<Publisher>> open(Loop& loop, Log& log, ZmqContext& zmq,
                                                 const std::string& endpoint, const Gate* gate,
                                                 std::uint64_t epoch);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void publish(const std::shared_ptr<const Snapshot>& snapshot,
               const std::shared_ptr<const Board>& board);
  // Ends every connection, so that all come anew and are looked at anew.
  void rebind();

  [[nodiscard]] const HandshakeCounts& handshakes() const { return handshakes_; }
  [[nodiscard]] std::string endpoint() const { return socket_->endpoint(); }

 private:
  Publisher(Loop& loop, Log& log, std::uint64_t epoch);
  void take(std::string_view subscription);

  Loop& loop_;
  Log& log_;
  CrowdReport crowds_;
  StreamChanges changes_;
  StreamChanges::Emit emit_;
  HandshakeCounts handshakes_{};
  Complaints complaints_;
  std::unique_ptr<ZmqSocket> socket_;
};

}  // namespace itnxt
