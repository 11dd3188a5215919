// An outlet and inlets over real sockets on the real loop. Waits for events, never for time; a test
// that hangs ends itself.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/io/inlet.hpp"
#include "daemon/io/outlet.hpp"
#include "daemon/io/poll_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {

inline const CollectorName kTap("tap");

inline CaptureSample sample() {
  CaptureSample one;
  one.capture = kTap;
  return one;
}

// What an aggregator has got.
struct Received {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> order;  // epoch, sequence
  std::set<std::pair<std::uint64_t, std::uint64_t>> unique;
  std::uint64_t lost = 0;  // as announced last
  std::size_t samples = 0;
  std::size_t largest_device = 0;
};

class TransportTest : public testing::Test {
 protected:
  OutletConfig config(std::vector<std::string> endpoints, std::uint64_t epoch = 1) const {
    OutletConfig made;
    made.node = NodeName("node");
    made.endpoints = std::move(endpoints);
    made.spool.directory = dir.path() + "/spool";
    made.epoch = epoch;
    made.batch_bytes = 1;  // a batch for each sample
    return made;
  }
  void make_outlet(OutletConfig with) {
    outlet = std::make_unique<Outlet>(loop, log, zmq, std::move(with));
    tap = &outlet->stream(kTap, 0s);
  }
  Result<std::unique_ptr<Inlet>> try_open(const std::string& endpoint, Received& to) {
    return Inlet::open(loop, log, zmq, endpoint, [&](const Batch& batch) {
      to.order.emplace_back(batch.epoch, batch.sequence);
      to.unique.emplace(batch.epoch, batch.sequence);
      to.lost = batch.lost;
      to.samples += batch.samples.size();
      for (const Sample& one : batch.samples) {
        if (const auto* device = std::get_if<DeviceSample>(&one)) {
          to.largest_device = std::max(to.largest_device, device->interfaces.size());
        }
      }
      check();
    });
  }
  std::unique_ptr<Inlet> open(const std::string& endpoint, Received& to) {
    auto inlet = try_open(endpoint, to);
    EXPECT_TRUE(inlet.ok()) << inlet.error();
    return std::move(inlet).value();
  }
  // An endpoint on which nobody listens: a bound socket that does not, so that nobody else gets it.
  std::string dead_endpoint() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    reserved = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int reuse = 1;  // by whoever listens there later
    setsockopt(reserved, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    EXPECT_EQ(bind(reserved, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    getsockname(reserved, reinterpret_cast<sockaddr*>(&address), &size);
    return "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~TransportTest() override {
    if (reserved >= 0) close(reserved);
  }
  // libzmq gives an endpoint free in the background: asks until it has.
  std::unique_ptr<Inlet> reopen(const std::string& endpoint, Received& to) {
    std::unique_ptr<Inlet> inlet;
    run_until([&] {
      auto made = try_open(endpoint, to);
      if (made) inlet = std::move(made).value();
      return inlet != nullptr;
    });
    return inlet;
  }
  void check() {
    if (until && until()) loop.stop();
  }
  void run_until(std::function<bool()> condition) {
    until = std::move(condition);
    std::function<void()> look;
    Timer timer;
    look = [&] {
      check();
      timer = loop.after(5ms, look);
    };
    look();
    loop.run();
    until = nullptr;
  }
  void publish(int count) {
    for (int i = 0; i < count; ++i) tap->publish(sample());
  }
  void stop() {
    bool done = false;
    outlet->drain(1ms, [&] { done = true; });
    run_until([&] { return done; });
    outlet.reset();
  }
  // In pieces, so that the other side gets its turn.
  void publish_paced(int count) {
    if (count == 0) return;
    publish(std::min(count, 200));
    pace = loop.after(0s, [this, count] { publish_paced(count - std::min(count, 200)); });
  }

  PollLoop loop;
  RecordingLog log;
  TempDir dir;
  ZmqContext zmq;
  std::unique_ptr<Outlet> outlet;
  Sink* tap = nullptr;
  int reserved = -1;
  Timer pace;
  std::function<bool()> until;
  Timer guard = loop.after(110s, [] { std::abort(); });
};

}  // namespace itnxt::test
