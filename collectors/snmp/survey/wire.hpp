// Datagrams to and from one device, with a clock and an end: all that a survey knows of the world.
// Two implementations: UdpWire, and the tests' own.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "collectors/snmp/udp.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::snmp::survey {

class Wire {
 public:
  virtual ~Wire() = default;
  // Time since the survey began.
  [[nodiscard]] virtual Instant now() const = 0;
  // The budget is used up: nothing is received any more.
  [[nodiscard]] virtual bool over() const = 0;
  [[nodiscard]] virtual Status send(ByteView datagram) = 0;
  // Waits for the next datagram, from whomever; valid until the next call. Absent: none by `until`
  // or by the end of the budget.
  [[nodiscard]] virtual std::optional<UdpSocket::Datagram> receive(Instant until) = 0;
};

// A blocking socket's worth of UdpSocket. The budget is a timer of the kernel, and what is left of
// it is the only clock here: a tool has no loop to ask for the time.
class UdpWire final : public Wire {
 public:
  [[nodiscard]] static Result<UdpWire> open(const Address& device, Duration budget);

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] bool over() const override { return now() >= Instant{} + budget_; }
  [[nodiscard]] Status send(ByteView datagram) override;
  [[nodiscard]] std::optional<UdpSocket::Datagram> receive(Instant until) override;

 private:
  UdpWire(const Address& device, Duration budget, UdpSocket socket, Fd timer)
      : device_(device), budget_(budget), socket_(std::move(socket)), timer_(std::move(timer)) {}
  void read_socket();

  struct Received {
    Address from;
    std::vector<std::uint8_t> bytes;
  };
  Address device_;
  Duration budget_;
  UdpSocket socket_;
  Fd timer_;
  std::deque<Received> received_;
  Received current_;
};

// Whether the host says that nothing listens at that port, by ICMP: sends `datagram` once more from
// a connected socket and waits a little. Empty: it says nothing.
[[nodiscard]] std::string why_unreachable(const Address& device, ByteView datagram);

}  // namespace itnxt::snmp::survey
