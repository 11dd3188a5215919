// The outlet's two lanes against an aggregator of the test's own: events first, batches from the
// disk, and what is refused.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "tests/io/transport_world.hpp"

namespace itnxt {
namespace {

using test::kTap;
using test::Received;
using test::TransportTest;
using testing::ElementsAre;

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
  std::unique_ptr<ZmqSocket> newer_router;
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
    run_until(
        [&] { return std::filesystem::file_size(dir.path() + "/spool/tap.events.db-wal") > 0; });
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

TEST_F(FakeAggregator, ABatchThatIsRefusedForGoodIsLostAndNotSentAgain) {
  std::uint64_t announced = 0;
  listen([&](const ZmqMessage& message) {
    const Batch& batch = decoder.batch();
    announced = batch.lost;
    const wire::BatchName name{batch.collector, batch.epoch, batch.sequence};
    router->reply(message.peer,
                  batch.sequence == 2
                      ? wire::encode(wire::Refusing{"content", "why", name})
                      : wire::encode(wire::Ack{name.collector, name.epoch, name.sequence}));
  });
  make_outlet(config({router->endpoint()}));
  publish(2);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(outlet->lost_batches(), 1U);
  publish(1);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(announced, 1U);
}

class NewerAggregator : public FakeAggregator, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Answers, NewerAggregator, testing::Bool());

TEST_P(NewerAggregator, IsAnEventForTheOthers) {
  const std::string why = "frame: schema 1, this program reads 2";
  const bool in_its_own_schema = GetParam();
  auto newer = ZmqSocket::bind_router(
      loop, zmq, "test", "tcp://127.0.0.1:*",
      {.message =
           [&](const ZmqMessage& message) {
             newer_router->reply(message.peer, in_its_own_schema
                                                   ? std::string("\x08\x02")
                                                   : wire::encode(wire::Refusing{"version", why}));
           },
       .writable = nullptr,
       .disconnected = nullptr});
  ASSERT_TRUE(newer.ok());
  newer_router = std::move(newer).value();
  std::vector<Event> told;
  listen([&](const ZmqMessage& message) {
    if (!decoder.holds_events()) return;
    const EventBatch& batch = decoder.events();
    told.insert(told.end(), batch.events.begin(), batch.events.end());
    router->reply(message.peer, wire::encode(wire::EventAck{batch.collector, batch.epoch,
                                                            batch.events.back().sequence}));
  });
  make_outlet(config({router->endpoint(), newer_router->endpoint()}));
  publish(3);
  run_until([&] { return !told.empty(); });
  publish(3);  // refused as well, and no news
  bool passed = false;
  const Timer later = loop.after(50ms, [&] { passed = true; });
  run_until([&] { return passed; });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].kind, "aggregator_refused");
  EXPECT_EQ(told[0].text, "aggregator " + newer_router->endpoint() +
                              " is of another version and refuses what it is sent: bring both to "
                              "one version");
  EXPECT_THAT(
      told[0].details,
      ElementsAre(
          std::pair("aggregator", newer_router->endpoint()), std::pair("reason", "version"),
          std::pair("message", in_its_own_schema ? "frame: schema 2 is newer than the 1 of its "
                                                   "reader: update the reader"
                                                 : why)));
  EXPECT_EQ(outlet->waiting_events(), 1U) << "kept for the other";
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
  run_until([&] { return refused >= 3 && !log.lines.empty(); });
  bool passed = false;
  const Timer later = loop.after(50ms, [&] { passed = true; });
  run_until([&] { return passed; });
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"aggregator is of another version and refuses what it "
                          "is sent: bring both to one version\" endpoint=" +
                          router->endpoint() +
                          " reason=version message=\"frame.major: 1, not 2\" unsaid=0"));
}

}  // namespace
}  // namespace itnxt
