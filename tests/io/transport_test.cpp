// Batches on their way from an outlet to inlets: all of them, once, whoever else is there.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <numeric>

#include "tests/io/transport_world.hpp"

namespace itnxt {
namespace {

using test::kTap;
using test::Received;
using test::sample;
using test::TransportTest;
using testing::ElementsAre;
using testing::IsEmpty;

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
  EXPECT_THAT(log.lines,
              ElementsAre("level=warning msg=\"malformed message dropped: frame: is no "
                          "itnxt.v1.Frame\" peer=127.0.0.1 node=\"\" reason=syntax unsaid=0"));
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
