// Outlet and Inlet over real sockets on the real loop. Waits for events, never for time; a test
// that hangs ends itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <set>

#include "daemon/io/inlet.hpp"
#include "daemon/io/outlet.hpp"
#include "daemon/io/poll_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const CollectorName kTap("tap");

CaptureSample sample() {
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
  test::RecordingLog log;
  test::TempDir dir;
  ZmqContext zmq;
  std::unique_ptr<Outlet> outlet;
  Sink* tap = nullptr;
  int reserved = -1;
  Timer pace;
  std::function<bool()> until;
  Timer guard = loop.after(110s, [] { std::abort(); });
};

class EveryTransport : public TransportTest, public testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] std::string listen() const {
    const std::string kind = GetParam();
    if (kind == "ipc") return "ipc://" + dir.path() + "/run/aggregator.sock";
    return kind == "tcp" ? "tcp://127.0.0.1:*" : "inproc://itnxt";
  }
};
INSTANTIATE_TEST_SUITE_P(Transport, EveryTransport, testing::Values("inproc", "ipc", "tcp"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(EveryTransport, CarriesAHundredThousandBatchesNoneLostNoneTwice) {
  constexpr int kCount = 100'000;
  Received got;
  const auto inlet = open(listen(), got);
  make_outlet(config({inlet->endpoint()}));
  publish_paced(kCount);
  run_until([&] { return got.order.size() >= kCount && outlet->waiting_batches() == 0; });
  ASSERT_EQ(got.order.size(), static_cast<std::size_t>(kCount));
  for (std::size_t i = 0; i < got.order.size(); ++i) ASSERT_EQ(got.order[i].second, i + 1);
  EXPECT_EQ(got.samples, static_cast<std::size_t>(kCount));
  EXPECT_EQ(outlet->lost_batches(), 0U);
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_P(EveryTransport, CarriesADeviceLargerThanAMessagePart) {
  Received got;
  const auto inlet = open(listen(), got);
  make_outlet(config({inlet->endpoint()}));
  DeviceSample device;
  device.device = DeviceName("large");
  device.interfaces.resize(20'000);
  tap->publish(device);
  run_until([&] { return got.samples == 1 && outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.largest_device, 20'000U);
}

TEST_P(EveryTransport, AnAggregatorMayComeLater) {
  Received got;
  const std::string endpoint = std::string(GetParam()) == "tcp" ? dead_endpoint() : listen();
  make_outlet(config({endpoint}));
  publish(500);
  std::unique_ptr<Inlet> inlet;
  const Timer later = loop.after(20ms, [&] { inlet = open(endpoint, got); });
  run_until([&] { return got.unique.size() == 500 && outlet->waiting_batches() == 0; });
  EXPECT_EQ(outlet->lost_batches(), 0U);
}

// Over inproc both ends live and die together.
class EveryNetwork : public EveryTransport {};
INSTANTIATE_TEST_SUITE_P(Transport, EveryNetwork, testing::Values("ipc", "tcp"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(EveryNetwork, AnAggregatorClosedAndReopenedGetsEverything) {
  constexpr int kCount = 20'000;
  Received got;
  auto inlet = open(listen(), got);
  const std::string endpoint = inlet->endpoint();
  make_outlet(config({endpoint}));
  publish_paced(kCount);
  run_until([&] { return got.order.size() > kCount / 4; });
  inlet.reset();
  inlet = reopen(endpoint, got);
  run_until([&] { return got.unique.size() == kCount && outlet->waiting_batches() == 0; });
  EXPECT_EQ(outlet->lost_batches(), 0U);
  EXPECT_LE(got.order.size(), static_cast<std::size_t>(kCount) + 64);  // twice: at most the window
}

TEST_F(TransportTest, ADeadAggregatorDoesNotSlowTheOther) {
  Received got;
  const auto inlet = open("tcp://127.0.0.1:*", got);
  make_outlet(config({dead_endpoint(), inlet->endpoint()}));
  publish_paced(5'000);
  run_until([&] { return got.order.size() == 5'000; });
  EXPECT_EQ(got.unique.size(), 5'000U);
  EXPECT_EQ(outlet->waiting_batches(), 5'000U);  // for the dead one
  EXPECT_EQ(outlet->lost_batches(), 0U);
}

TEST_F(TransportTest, WhatIsDroppedIsAnnouncedExactly) {
  constexpr std::uint64_t kCount = 3'000;
  const std::string endpoint = dead_endpoint();
  OutletConfig small = config({endpoint});
  small.spool.max_size = Bytes(100'000);
  make_outlet(small);
  publish(kCount);
  const std::uint64_t lost = outlet->lost_batches();
  EXPECT_GT(lost, 0U);
  EXPECT_LE(outlet->waiting_bytes(), Bytes(100'000));
  Received got;
  const auto inlet = open(endpoint, got);
  run_until([&] { return !got.order.empty() && outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.lost, lost);
  EXPECT_EQ(got.unique.size() + lost, kCount);
  EXPECT_EQ(got.order.front().second, lost + 1);  // the oldest went
}

TEST_F(TransportTest, ASilentCollectorShowsSignsOfLife) {
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  make_outlet(config({"inproc://itnxt"}));
  (void)outlet->stream(kTap, 5ms);
  run_until([&] { return got.order.size() == 3; });
  EXPECT_EQ(got.samples, 0U);
  outlet->end_stream(kTap);
  run_until([&] { return outlet->waiting_batches() == 0; });
  const std::size_t before = got.order.size();
  run_until([&, passed = 0]() mutable { return ++passed > 5; });
  EXPECT_EQ(got.order.size(), before);
  Sink& again = outlet->stream(kTap, 0s);  // and it goes on counting
  again.publish(sample());
  run_until([&] { return got.samples == 1; });
  EXPECT_EQ(got.order.back().second, before + 1);
}

TEST_F(TransportTest, SamplesOfAMomentTravelTogether) {
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  OutletConfig usual = config({"inproc://itnxt"});
  usual.batch_bytes = OutletConfig{}.batch_bytes;
  make_outlet(usual);
  publish(10);
  run_until([&] { return got.samples == 10; });
  EXPECT_EQ(got.order.size(), 1U);
}

TEST_F(TransportTest, AStopWithNothingUndeliveredEndsAtOnceWithoutAFile) {
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  make_outlet(config({"inproc://itnxt"}));
  publish(100);
  bool done = false;
  outlet->drain(60s, [&] { done = true; });
  run_until([&] { return done; });
  EXPECT_EQ(got.unique.size(), 100U);
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/spool/tap.batches-1"));
  publish(1);  // too late: ignored
  EXPECT_EQ(outlet->waiting_batches(), 0U);
}

TEST_F(TransportTest, WhatIsUndeliveredAtAStopIsSentByTheNextProcess) {
  const std::string endpoint = dead_endpoint();
  for (const std::uint64_t epoch : {1U, 2U}) {  // two stops in a row: the second keeps both
    make_outlet(config({endpoint}, epoch));
    publish(3);
    stop();
  }
  EXPECT_THAT(
      log.lines,
      ElementsAre("level=notice msg=\"undelivered batches wait in the spool for the next "
                  "start\" collector=tap batches=3",
                  "level=notice msg=\"undelivered batches of an earlier process follow behind what "
                  "is new\" collector=tap batches=3",
                  "level=notice msg=\"undelivered batches wait in the spool for the next "
                  "start\" collector=tap batches=6"));
  make_outlet(config({endpoint}, 3));
  publish(1);
  Received got;
  const auto inlet = open(endpoint, got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  using P = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_THAT(got.order, testing::UnorderedElementsAre(P{1, 1}, P{1, 2}, P{1, 3}, P{2, 1}, P{2, 2},
                                                       P{2, 3}, P{3, 1}));
  stop();
  make_outlet(config({endpoint}, 4));  // nothing is left
  EXPECT_EQ(outlet->waiting_batches(), 0U);
}

// What a version before this left: one file of records, which goes once they are in the new ones.
TEST_F(TransportTest, TheFirstFormatOfTheSpoolIsStillRead) {
  Batch batch;
  batch.node = NodeName("node");
  batch.collector = kTap;
  batch.epoch = 9;
  batch.sequence = 4;
  batch.closed_wall = loop.wall_now();
  {
    Spool old(dir.path() + "/spool", log);
    ASSERT_TRUE(old.prepare().ok());
    auto writer = old.write(kTap);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->add({wire::encode_parts(batch).value(), {{"inproc://itnxt", 3}}}).ok());
    ASSERT_TRUE((*writer)->commit().ok());
  }
  make_outlet(config({"inproc://itnxt"}));
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/spool/tap.batches"));
  outlet.reset();  // killed before anything was sent
  make_outlet(config({"inproc://itnxt"}, 2));
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_THAT(got.order, ElementsAre(std::pair<std::uint64_t, std::uint64_t>{9, 4}));
}

// After the stop the process may live on for a while: an acknowledgement that comes too late must
// not take the file that was just written.
TEST_F(TransportTest, AnAckThatComesAfterTheStopTakesNothing) {
  std::vector<std::pair<std::string, wire::Ack>> owed;
  wire::Decoder decoder;
  auto late = ZmqSocket::bind_router(
      loop, zmq, "test", "tcp://127.0.0.1:*",
      {.message =
           [&](const ZmqMessage& message) {
             ASSERT_FALSE(decoder.decode(message.parts).has_value());
             const Batch& batch = decoder.batch();
             owed.emplace_back(message.peer,
                               wire::Ack{batch.collector, batch.epoch, batch.sequence});
           },
       .writable = nullptr,
       .disconnected = nullptr});
  ASSERT_TRUE(late.ok());
  const auto stop = [&] {
    bool done = false;
    outlet->drain(1ms, [&] { done = true; });
    run_until([&] { return done; });
  };
  make_outlet(config({dead_endpoint()}, 1));
  publish(2);
  stop();
  outlet.reset();
  make_outlet(config({(*late)->endpoint()}, 2));
  run_until([&] { return owed.size() == 2; });
  publish(1);
  stop();
  for (const auto& [peer, ack] : owed) (*late)->reply(peer, wire::encode(ack));
  bool passed = false;
  const Timer later = loop.after(50ms, [&] { passed = true; });
  run_until([&] { return passed; });
  outlet.reset();
  make_outlet(config({dead_endpoint()}, 3));
  EXPECT_EQ(outlet->waiting_batches(), 3U);
}

TEST_F(TransportTest, AStopWithoutRoomOnDiskSaysWhatIsLost) {
  make_outlet(config({dead_endpoint()}));
  publish(2);
  const std::string spool = dir.path() + "/spool";
  std::filesystem::remove_all(spool);
  std::ofstream(spool) << "a file in its place";
  bool done = false;
  outlet->drain(1ms, [&] { done = true; });
  run_until([&] { return done; });
  EXPECT_THAT(log.lines, ElementsAre("level=error msg=\"spool.directory " + spool +
                                     "/tap.batches-1: cannot be made: Not a directory: "
                                     "undelivered batches are lost; free space or choose another "
                                     "directory\" collector=tap batches=2"));
}

// Time is up at once: what is lost is told by the next process.
TEST_F(TransportTest, AStopOnASlowDiskAnnouncesWhatIsLost) {
  const std::string endpoint = dead_endpoint();
  const auto stop = [&](std::uint64_t epoch, int batches) {
    OutletConfig hasty = config({endpoint}, epoch);
    hasty.save_limit = 0s;
    make_outlet(hasty);
    publish(batches);
    bool done = false;
    outlet->drain(1ms, [&] { done = true; });
    run_until([&] { return done; });
    outlet.reset();
  };
  stop(1, 5);
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"spool.directory " + dir.path() +
                          "/spool: is too slow: what was not written within 0s is lost; use a "
                          "faster disk or a smaller spool.max_size\" collector=tap batches=5"));
  stop(2, 3);
  make_outlet(config({endpoint}, 3));
  publish(1);
  Received got;
  const auto inlet = open(endpoint, got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.lost, 8U);
  this->stop();
  make_outlet(config({endpoint}, 4));  // it has been told
  publish(1);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.lost, 0U);
}

TEST_F(TransportTest, AStopWritesManyMebibytesInPieces) {
  const std::string endpoint = dead_endpoint();
  make_outlet(config({endpoint}, 1));
  DeviceSample device;
  device.device = DeviceName("large");
  device.interfaces.resize(20'000);
  for (InterfaceSample& row : device.interfaces) row.if_alias = std::string(100, 'x');
  for (int i = 0; i < 6; ++i) tap->publish(device);
  bool done = false;
  outlet->drain(1ms, [&] { done = true; });
  run_until([&] { return done; });
  outlet.reset();
  make_outlet(config({endpoint}, 2));
  EXPECT_EQ(outlet->waiting_batches(), 6U);
  EXPECT_EQ(outlet->lost_batches(), 0U);
}

TEST_F(TransportTest, TwoProcessesWithOneCollectorDoNotShareItsFile) {
  const std::string endpoint = dead_endpoint();
  make_outlet(config({endpoint}, 1));
  Outlet other(loop, log, zmq, config({endpoint}, 2));
  other.stream(kTap, 0s).publish(sample());
  publish(1);
  int done = 0;
  other.drain(1ms, [&] { ++done; });
  outlet->drain(1ms, [&] { ++done; });
  run_until([&] { return done == 2; });
  const std::string spool = dir.path() + "/spool";
  EXPECT_THAT(
      log.lines,
      ElementsAre("level=error msg=\"spool.directory " + spool +
                      "/tap.lock: in use by another process: what is undelivered at a stop will be "
                      "lost; stop that one, or give one of the two another directory or the "
                      "collector another name\"",
                  "level=error msg=\"spool.directory " + spool +
                      ": was of no use at the start: undelivered batches are lost; free space or "
                      "choose another directory\" collector=tap batches=1",
                  "level=notice msg=\"undelivered batches wait in the spool for the next start\" "
                  "collector=tap batches=1"));
}

// A peer that takes everything and answers nothing: the connection is made anew, the window sent
// again.
TEST_F(TransportTest, AnAggregatorThatDoesNotAnswerIsAskedAgain) {
  std::set<std::string> peers;
  std::vector<std::uint64_t> order;
  std::set<WallTime> sent;
  std::set<WallTime> closed;
  wire::Decoder decoder;
  ZmqSocket* reply_by = nullptr;
  auto mute = ZmqSocket::bind_router(
      loop, zmq, "test", "tcp://127.0.0.1:*",
      {.message =
           [&](const ZmqMessage& message) {
             ASSERT_FALSE(decoder.decode(message.parts).has_value());
             const Batch& batch = decoder.batch();
             peers.emplace(message.peer);
             order.push_back(batch.sequence);
             sent.insert(batch.sent_wall);
             closed.insert(batch.closed_wall);
             if (peers.size() < 2) return;  // from the second connection on it answers
             reply_by->reply(message.peer,
                             wire::encode(wire::Ack{batch.collector, batch.epoch, batch.sequence}));
           },
       .writable = nullptr,
       .disconnected = nullptr});
  ASSERT_TRUE(mute.ok());
  reply_by = mute->get();
  OutletConfig impatient = config({(*mute)->endpoint()});
  impatient.patience = 50ms;
  make_outlet(impatient);
  publish(2);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_THAT(order, ElementsAre(1, 2, 1, 2));
  EXPECT_EQ(closed.size(), 1U);  // in one round; and it stays
  EXPECT_EQ(sent.size(), 2U);
  EXPECT_GE(*sent.rbegin() - *sent.begin(), 50ms);
  EXPECT_EQ(outlet->lost_batches(), 0U);
  const std::string endpoint = (*mute)->endpoint();
  EXPECT_THAT(log.lines,
              ElementsAre("level=warning msg=\"aggregator does not answer; batches are kept for "
                          "it\" endpoint=" +
                              endpoint + " waiting_batches=2",
                          "level=notice msg=\"aggregator answers again\" endpoint=" + endpoint));
}

// Beyond the memory's bound batches wait on the disk, and are sent from there.
TEST_F(TransportTest, WhatDoesNotFitIntoMemoryIsSentFromTheDisk) {
  const std::string endpoint = dead_endpoint();
  OutletConfig with = config({endpoint});
  with.spool.backlog_rate = BytesPerSecond(1e9);
  make_outlet(with);
  DeviceSample device;
  device.device = DeviceName("large");
  device.interfaces.resize(3'000);
  for (InterfaceSample& row : device.interfaces) row.if_alias = std::string(100, 'x');
  for (int i = 0; i < 40; ++i) tap->publish(device);  // about 20 MiB
  EXPECT_GT(outlet->memory_bytes(), Bytes(8U << 20U));
  run_until([&] { return outlet->memory_bytes() < Bytes(8U << 20U); });
  Received got;
  const auto inlet = open(endpoint, got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.unique.size(), 40U);
  EXPECT_EQ(got.largest_device, 3'000U);
  EXPECT_EQ(outlet->lost_batches(), 0U);
}

class FakeAggregator : public TransportTest {
 protected:
  void listen(std::function<void(const ZmqMessage&)> take) {
    auto bound =
        ZmqSocket::bind_router(loop, zmq, "test", "tcp://127.0.0.1:*",
                               {.message =
                                    [this, take = std::move(take)](const ZmqMessage& message) {
                                      ASSERT_FALSE(decoder.decode(message.parts).has_value());
                                      take(message);
                                    },
                                .writable = nullptr,
                                .disconnected = nullptr});
    ASSERT_TRUE(bound.ok());
    router = std::move(bound).value();
  }
  static Event event(const std::string& text) {
    Event one;
    one.wall = WallTime(1s);
    one.kind = "interface_down";
    one.text = text;
    return one;
  }
  std::unique_ptr<ZmqSocket> router;
  wire::Decoder decoder;
};

TEST_F(FakeAggregator, EventsGoBeforeBatchesInOrderAndAgainWithoutAnAnswer) {
  std::vector<std::string> order;
  std::set<std::string> peers;
  listen([&](const ZmqMessage& message) {
    peers.emplace(message.peer);
    if (!decoder.holds_events()) {
      order.emplace_back("batch");
      return router->reply(message.peer,
                           wire::encode(wire::Ack{decoder.batch().collector, decoder.batch().epoch,
                                                  decoder.batch().sequence}));
    }
    const EventBatch& events = decoder.events();
    for (const Event& one : events.events) order.push_back(one.text);
    if (peers.size() < 2) return;  // from the second connection on it answers
    router->reply(message.peer, wire::encode(wire::EventAck{events.collector, events.epoch,
                                                            events.events.back().sequence}));
  });
  const std::string endpoint = dead_endpoint();
  OutletConfig impatient = config({router->endpoint()});
  impatient.patience = 300ms;
  {
    Outlet before(loop, log, zmq, config({endpoint}, 1));  // its aggregator never comes
    before.stream(kTap, 0s).report(event("one"));
    run_until([&] { return std::filesystem::file_size(dir.path() + "/spool/tap.events.db-wal") > 0; });
  }
  impatient.epoch = 2;
  make_outlet(impatient);
  tap->report(event("two"));
  publish(1);
  run_until([&] { return outlet->waiting_events() == 0 && outlet->waiting_batches() == 0; });
  EXPECT_EQ(order.front(), "one");  // on the disk already, so before the batch
  order.erase(std::remove(order.begin(), order.end(), "batch"), order.end());
  EXPECT_THAT(std::vector<std::string>(order.end() - 2, order.end()), ElementsAre("one", "two"));
  EXPECT_EQ(peers.size(), 2U);
}

TEST_F(FakeAggregator, ARefusalIsLoggedAtABoundedRate) {
  int refused = 0;
  listen([&](const ZmqMessage& message) {
    ++refused;
    router->reply(message.peer, wire::encode(wire::Refusing{"version", "frame.major: 1, not 2"}));
    router->reply(message.peer, "\x08\x02");
  });
  make_outlet(config({router->endpoint()}));
  publish(3);
  run_until([&] { return refused == 3 && !log.lines.empty(); });
  bool passed = false;
  const Timer later = loop.after(50ms, [&] { passed = true; });
  run_until([&] { return passed; });
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"aggregator is of another version and refuses what it "
                          "is sent: bring both to one version\" endpoint=" +
                          router->endpoint() +
                          " reason=version message=\"frame.major: 1, not 2\" unsaid=0"));
}

TEST_F(TransportTest, GarbageIsCountedLoggedAtABoundedRateAndNotFatal) {
  Received got;
  const auto inlet = open("tcp://127.0.0.1:*", got);
  auto rogue = ZmqSocket::connect_dealer(loop, zmq, "test", inlet->endpoint(), {});
  ASSERT_TRUE(rogue.ok());
  const std::string ack = wire::encode(wire::Ack{kTap, 1, 1});
  std::vector<wire::Parts> messages = {
      {"rubbish"}, {"\x08\x02"}, {ack}, {""}, wire::Parts(80, "many")};
  std::size_t next = 0;
  run_until([&] {
    while (next < messages.size() && (*rogue)->send(messages[next], {})) ++next;
    const auto& refused = inlet->counts().refused;
    return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0}) == messages.size();
  });
  using wire::Refusal;
  const auto count = [&](Refusal r) {
    return inlet->counts().refused[static_cast<std::size_t>(r)];
  };
  EXPECT_EQ(count(Refusal::syntax), 2U);
  EXPECT_EQ(count(Refusal::version), 1U);
  EXPECT_EQ(count(Refusal::content), 1U);
  EXPECT_EQ(count(Refusal::size), 1U);
  EXPECT_THAT(log.lines, ElementsAre("level=warning msg=\"malformed message dropped: frame: is no "
                                     "itnxt.v1.Frame\" peer=127.0.0.1 reason=syntax unsaid=0"));
  make_outlet(config({inlet->endpoint()}));
  publish(10);
  run_until([&] { return got.unique.size() == 10 && outlet->waiting_batches() == 0; });
}

TEST_F(TransportTest, ATcpClientThatIsNoZeroMqDisturbsNobody) {
  Received got;
  const auto inlet = open("tcp://127.0.0.1:*", got);
  const std::string endpoint = inlet->endpoint();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  std::vector<int> fds;
  for (int i = 0; i < 50; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    (void)send(fd, "GET / HTTP/1.1\r\n\r\n\xff\xff\xff\xff\xff", 23, MSG_NOSIGNAL);
    fds.push_back(fd);
  }
  make_outlet(config({endpoint}));
  publish(100);
  run_until([&] { return got.unique.size() == 100 && outlet->waiting_batches() == 0; });
  for (const int fd : fds) close(fd);
}

TEST_F(TransportTest, AnEndpointInUseSaysWhatToDo) {
  Received nothing;
  const auto handler = [](const Batch&) {};
  for (const std::string& listen :
       {std::string("tcp://127.0.0.1:*"), "ipc://" + dir.path() + "/a.sock"}) {
    const auto first = open(listen, nothing);
    const std::string endpoint = first->endpoint();
    EXPECT_EQ(Inlet::open(loop, log, zmq, endpoint, handler).error(),
              "aggregator.listen " + endpoint +
                  ": cannot be bound: Address already in use: another program listens there; stop "
                  "it or choose another endpoint");
  }
  const auto again =
      reopen("ipc://" + dir.path() + "/a.sock", nothing);  // what is dead is replaced
}

TEST_F(TransportTest, AnEndpointThatCannotBeSaysWhy) {
  const auto error = [&](const std::string& endpoint) {
    return Inlet::open(loop, log, zmq, endpoint, [](const Batch&) {}).error();
  };
  EXPECT_EQ(error("tcp://192.0.2.1:5690"),
            "aggregator.listen tcp://192.0.2.1:5690: cannot be bound: Cannot assign requested "
            "address: this host has "
            "no such address; choose one it has, or 0.0.0.0");
  EXPECT_EQ(error("http://x"),
            "aggregator.listen http://x: cannot be bound: Protocol not supported: expected "
            "tcp://ADDRESS:PORT, ipc://PATH or inproc://NAME");
  std::ofstream(dir.path() + "/file") << "precious";
  EXPECT_EQ(error("ipc://" + dir.path() + "/file"),
            "aggregator.listen ipc://" + dir.path() +
                "/file: cannot be bound: Socket operation on non-socket: a file that is no socket "
                "stands there; remove it or choose another path");
  EXPECT_TRUE(std::filesystem::exists(dir.path() + "/file"));
}

TEST_F(TransportTest, AnIpcEndpointIsForThisUserOnly) {
  Received nothing;
  const auto inlet = open("ipc://" + dir.path() + "/run/a.sock", nothing);
  struct stat status {};
  stat((dir.path() + "/run/a.sock").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  stat((dir.path() + "/run").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(TransportTest, AnEndpointThatCannotBeConnectedIsLoggedAndTheOthersServed) {
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  make_outlet(config({"nonsense://x", "inproc://itnxt"}));
  publish(5);
  run_until([&] { return got.unique.size() == 5; });
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"transport.aggregators nonsense://x: cannot be "
                          "connected: Protocol not supported: expected tcp://ADDRESS:PORT, "
                          "ipc://PATH or inproc://NAME\""));
}

}  // namespace
}  // namespace itnxt
