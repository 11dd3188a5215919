// What an inlet answers, over real sockets on the real loop.
#include "daemon/io/inlet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;

class InletTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string endpoint = "ipc://" + dir.path() + "/s";
    auto opened = Inlet::open(loop, log, zmq, endpoint, [this](const Batch&) { ++batches; });
    ASSERT_TRUE(opened) << opened.error();
    inlet = std::move(*opened);
    auto connected =
        ZmqSocket::connect_dealer(loop, zmq, "transport.aggregators", endpoint,
                                  {.message =
                                       [this](const ZmqMessage& message) {
                                         auto answer = wire::decode_answer(message.parts.front());
                                         ASSERT_TRUE(answer) << answer.error();
                                         answers.push_back(std::move(*answer));
                                       },
                                   .writable = nullptr,
                                   .disconnected = nullptr});
    ASSERT_TRUE(connected) << connected.error();
    dealer = std::move(*connected);
  }
  void send(const std::string& bytes) {
    ASSERT_TRUE(run_until(loop, [&] { return dealer->send(std::span(&bytes, 1), {}); }));
  }
  template <class Answer>
  Answer next() {
    const std::size_t before = answers.size();
    EXPECT_TRUE(run_until(loop, [&] { return answers.size() > before; }));
    const auto* answer = std::get_if<Answer>(&answers.back());
    EXPECT_NE(answer, nullptr);
    return answer == nullptr ? Answer{} : *answer;
  }
  static Batch batch() {
    Batch made;
    made.node = NodeName("node");
    made.collector = CollectorName("tap");
    made.epoch = 3;
    made.sequence = 9;
    return made;
  }
  static std::string events() {
    EventBatch made;
    made.node = NodeName("node");
    made.collector = CollectorName("tap");
    made.epoch = 5;
    made.events.resize(1);
    made.events[0].sequence = 77;
    made.events[0].kind = "interface_down";
    return *wire::encode(made);
  }
  // Field 1, the major, is the second byte of every frame.
  static std::string of_major_two() {
    std::string bytes = wire::encode(batch());
    bytes[1] = 2;
    return bytes;
  }

  TempDir dir;
  PollLoop loop;
  RecordingLog log;
  ZmqContext zmq;
  int batches = 0;
  std::vector<wire::Answer> answers;
  std::unique_ptr<Inlet> inlet;
  std::unique_ptr<ZmqSocket> dealer;
};

TEST_F(InletTest, TellsTheCreditWithEachAck) {
  send(wire::encode(batch()));
  EXPECT_EQ(next<wire::Ack>(), (wire::Ack{CollectorName("tap"), 3, 9, wire::kCredit}));
  inlet->set_hooks({.credit = [] { return 2U; }});
  send(wire::encode(batch()));
  EXPECT_EQ(next<wire::Ack>().credit, 2U);
  EXPECT_EQ(batches, 2);
}

TEST_F(InletTest, EventsAreAcknowledgedWhenWhoTookThemSaysSo) {
  EventReply reply;
  inlet->set_hooks({.events = [&](const EventBatch& taken, EventReply to) {
    EXPECT_EQ(taken.events.at(0).sequence, 77U);
    reply = std::move(to);
    return std::optional<wire::Refusing>();
  }});
  send(events());
  ASSERT_TRUE(run_until(loop, [&] { return reply != nullptr; }));
  run_for(loop, 20ms);
  EXPECT_TRUE(answers.empty());
  const wire::EventAck ack{CollectorName("tap"), 5, 77};
  reply(ack);
  EXPECT_EQ(next<wire::EventAck>(), ack);
}

TEST_F(InletTest, SaysWhyEventsAreNotTaken) {
  inlet->set_hooks({.events = [](const EventBatch&, const EventReply&) {
    return std::optional(wire::Refusing{"storage", "the disk is full"});
  }});
  send(events());
  EXPECT_EQ(next<wire::Refusing>(), (wire::Refusing{"storage", "the disk is full"}));
}

// Its sender must learn of each: it will never be acknowledged.
TEST_F(InletTest, NamesEachBatchThatItWillNeverTake) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    Batch wrong = batch();
    wrong.sequence = sequence;
    wrong.interval = -1s;
    send(wire::encode(wrong));
    const auto answer = next<wire::Refusing>();
    EXPECT_EQ(answer.reason, "content");
    EXPECT_EQ(answer.batch, (wire::BatchName{CollectorName("tap"), 3, sequence}));
  }
  EXPECT_EQ(batches, 0);
  EXPECT_EQ(log.lines.size(), 1U);
}

TEST_F(InletTest, SaysWhyAMessageIsRefusedOnceASecond) {
  std::vector<std::string> noted;
  inlet->set_hooks({.refused = [&](const std::string&, const wire::Refused& refused) {
    noted.push_back(refused.message);
  }});
  constexpr const char* kWhy =
      "frame: schema 2 is newer than the 1 of its reader: update the reader";
  const Instant begin = loop.now();
  for (int i = 0; i < 20; ++i) send(of_major_two());
  EXPECT_EQ(next<wire::Refusing>(), (wire::Refusing{"version", kWhy}));
  ASSERT_TRUE(run_until(loop, [&] { return inlet->counts().refused[2] == 20; }));
  send(wire::encode(batch()));
  (void)next<wire::Ack>();
  const auto passed = static_cast<std::size_t>((loop.now() - begin) / Duration(1s));
  EXPECT_LE(answers.size(), 2 + passed) << "one refusal, one ack";
  EXPECT_THAT(noted, ElementsAre(kWhy)) << "and once for the journal";
  EXPECT_THAT(log.lines,
              ElementsAre(testing::StartsWith(
                  "level=warning msg=\"message of another schema dropped: " + std::string(kWhy))));
}

TEST_F(InletTest, ARefusalNamesTheNodeThatTheMessageClaims) {
  std::vector<std::string> noted;
  inlet->set_hooks({.refused = [&](const std::string&, const wire::Refused& refused) {
    noted.push_back(refused.node.text());
  }});
  Batch wrong = batch();
  wrong.interval = -1s;
  send(wire::encode(wrong));
  (void)next<wire::Refusing>();
  EXPECT_THAT(noted, ElementsAre(wrong.node.text()));
}

}  // namespace
}  // namespace itnxt::test
