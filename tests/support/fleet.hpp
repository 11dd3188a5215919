// Thousands of SNMP agents in one socket: every address of 127.0.0.0/8 is a device with the system
// group, ifTable and ifXTable. Counters grow with time by a fixed rule, so that a test can say what
// a value must be.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "collectors/snmp_protocol/message.hpp"
#include "daemon/core/time.hpp"
#include "tests/support/fleet_engine.hpp"

namespace itnxt::test {

struct FleetOptions {
  std::uint32_t interfaces = 50;
  std::string community = "public";
  std::shared_ptr<const snmp::usm::User> user;  // of SNMPv3, beside the community; null: no v3
  // Faults. A device is its IPv4 address in host order (127.0.0.1: 0x7F000001).
  std::function<bool(std::uint32_t device)> silent;
  // What its ifNumber says; absent: the truth.
  std::function<std::uint32_t(std::uint32_t device)> if_number;
  // Whose link is down, by ifIndex; absent: nobody's.
  std::function<bool(std::uint32_t device, std::uint32_t row)> down;
  // A firewall in front of it: what comes from this port of ours is lost.
  std::function<bool(std::uint32_t device, std::uint16_t from)> blocked;
  std::uint32_t narrow_every = 0;  // every n-th row has 32-bit counters only; 0: none
  std::size_t too_big_above = 0;   // a longer reply becomes tooBig; 0: never
  std::size_t silent_above = 0;    // a longer reply is lost; 0: never
  std::size_t max_varbinds = 100;  // as Net-SNMP agents do
  Duration latency{};              // between request and reply
};

// Pure: what a device answers.
class FleetModel {
 public:
  explicit FleetModel(FleetOptions options);
  // Writes the reply to `request` into `out`; its length, 0: none. `at`: since the fleet started.
  std::size_t answer(const snmp::Message& request, std::uint32_t device, Duration at,
                     std::span<std::uint8_t> out) const;
  // The same without envelopes on both sides.
  std::size_t answer_pdu(const snmp::Message& request, std::uint32_t device, Duration at,
                         std::span<std::uint8_t> out) const;
  // The value of a counter, before it is cut to 32 bits. `column`: the number of the HC column in
  // ifXTable (6 … 13), or 100 + the column of ifTable.
  [[nodiscard]] static std::uint64_t counter(std::uint32_t device, std::uint32_t row,
                                             std::uint32_t column, Duration at);
  [[nodiscard]] const FleetOptions& options() const { return options_; }

 private:
  struct Place {
    std::size_t object = 0;
    std::uint32_t row = 0;
  };
  [[nodiscard]] bool exists(const Place& place) const;
  void settle(Place& place) const;
  [[nodiscard]] Place first_after(snmp::ByteView oid) const;
  [[nodiscard]] std::optional<Place> exactly(snmp::ByteView oid) const;
  void advance(Place& place) const;
  static snmp::ByteView oid_of(const Place& place, std::array<std::uint8_t, 24>& buffer);
  bool write(class ReplyWriter& reply, const Place& place, std::uint32_t device, Duration at,
             snmp::ByteView asked) const;
  std::size_t bulk(const snmp::Message& request, std::uint32_t device, Duration at,
                   ReplyWriter& reply) const;
  std::size_t fill(const snmp::Message& request, std::uint32_t device, Duration at,
                   ReplyWriter& reply) const;
  FleetOptions options_;
};

// The same behind a socket on 0.0.0.0.
class Fleet {
 public:
  // Port 0: any. Throws std::system_error when the socket cannot be made.
  explicit Fleet(FleetOptions options, std::uint16_t port = 0);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_.load(); }
  [[nodiscard]] std::uint64_t replies() const { return replies_.load(); }
  void start();  // serves on a thread until stop()
  void stop();
  // Answers all that has arrived, at a time of the test's; for who has not called start(). Latency
  // is not kept.
  void answer_waiting(Duration at);
  void serve();  // serves on this thread until stop() from another or from a signal handler

 private:
  struct Io;
  int receive(Io& io, Duration at, std::chrono::steady_clock::time_point now);
  [[nodiscard]] snmp::ByteView answer(snmp::ByteView request, std::uint32_t device, Duration at,
                                      std::span<std::uint8_t> room);
  void send(Io& io, std::size_t count);
  FleetModel model_;
  FleetEngine engine_;
  std::unique_ptr<Io> io_;
  int fd_ = -1;
  int wake_ = -1;
  std::uint16_t port_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> replies_{0};
  std::thread thread_;
};

}  // namespace itnxt::test
