// The echoes of all targets: which sequence number is whose, a socket for each family when it is
// first needed, and what to say when there is none. The loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "collectors/probe/echo_socket.hpp"
#include "collectors/probe/errand.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/log.hpp"

namespace itnxt::probe {

class EchoRoom {
 public:
  struct Request {
    Errand errand;
    Address to;
    std::uint8_t dscp = 0;
  };
  EchoRoom(Loop& loop, Log& log, Privileged& privileged, const CollectorName& probe, Done done);
  // At most EchoSocket::kBatch. What cannot leave is told by `done` within the call.
  void send(std::span<const Request> requests);

 private:
  struct Slot {
    Errand errand;
    Address to;
  };
  struct Family {
    std::unique_ptr<EchoSocket> socket;
    std::vector<Slot> slots;  // by sequence number
    std::uint16_t next = 0;
    std::string problem;  // that was logged
    std::vector<EchoSocket::Request> batch;
    std::vector<Errand> errands;  // beside it
  };
  void flush(bool v6);
  bool open(bool v6);
  void answered(Family& family, const Echo& echo, const Address& from, Instant at);
  void failed(Family& family, const EchoFailed& failed);

  Loop& loop_;
  Log& log_;
  Privileged& privileged_;
  const std::string probe_;
  Done done_;
  Bytes8 token_{};                  // of this process: nobody else knows it
  std::array<Family, 2> families_;  // IPv4, IPv6
};

}  // namespace itnxt::probe
