// CURVE over real sockets: who is let in, as whom, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/io/inlet.hpp"
#include "daemon/io/outlet.hpp"
#include "daemon/io/zmq_security.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

CurvePair pair() {
  auto made = make_curve_pair();
  EXPECT_TRUE(made) << made.error();
  return *made;
}

Secret secret(const std::string& key) {
  Secret made(Secret::Source::file, "key");
  made.set(key);
  return made;
}

class Curve : public testing::Test {
 protected:
  CurveServerConfig list(std::map<std::string, NodeName> nodes) const {
    return {secret(server.secret_key), std::move(nodes)};
  }
  void open(Bytes budget = Bytes(64U << 20U)) {
    auto made = Gate::open(loop, log, zmq, list({{node.public_key, NodeName("node")}}));
    ASSERT_TRUE(made) << made.error();
    gate = std::move(*made);
    auto opened =
        Inlet::open(loop, log, zmq, "tcp://127.0.0.1:*",
                    [&](const Batch& batch) { got.push_back(batch); }, {gate.get(), budget});
    ASSERT_TRUE(opened) << opened.error();
    inlet = std::move(*opened);
  }
  std::unique_ptr<Outlet> connect(const std::string& name, const CurvePair& own,
                                  const std::string& server_key, Duration patience = 200ms) {
    OutletConfig config;
    config.node = NodeName(name);
    config.endpoints = {inlet->endpoint()};
    config.curve = CurveClientConfig{secret(own.secret_key), {{inlet->endpoint(), server_key}}};
    if (server_key.empty()) config.curve.reset();
    config.spool.directory = dir.path() + "/spool";
    config.epoch = 1;
    config.batch_bytes = 1;
    config.patience = patience;
    config.refused_again = 20ms;
    auto outlet = std::make_unique<Outlet>(loop, log, zmq, config);
    publish(*outlet);
    return outlet;
  }
  static void publish(Outlet& outlet) {
    CaptureSample sample;
    sample.capture = CollectorName("tap");
    outlet.stream(CollectorName("tap"), 0s).publish(sample);
  }
  [[nodiscard]] std::uint64_t denied(Denial why) const {
    return inlet->counts().denied[static_cast<std::size_t>(why)];
  }
  [[nodiscard]] std::uint64_t fault(HandshakeFault what) const {
    return inlet->counts().handshakes[static_cast<std::size_t>(what)];
  }
  bool logs(const std::string& text) {
    return run_until(loop, [&] {
      return std::any_of(log.lines.begin(), log.lines.end(), [&](const std::string& line) {
        return line.find(text) != std::string::npos;
      });
    });
  }

  PollLoop loop;
  RecordingLog log;
  TempDir dir;
  ZmqContext zmq;
  const CurvePair server = pair();
  const CurvePair node = pair();
  std::vector<Batch> got;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<Inlet> inlet;
};

TEST_F(Curve, AKnownKeyDelivers) {
  open();
  const auto outlet = connect("node", node, server.public_key);
  EXPECT_TRUE(run_until(loop, [&] { return !got.empty() && outlet->waiting_batches() == 0; }));
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(Curve, AnUnknownKeyIsRefusedOnBothSidesWithWhatToDo) {
  open();
  const CurvePair stranger = pair();
  const auto outlet = connect("node", stranger, server.public_key);
  const std::string at = inlet->endpoint();
  EXPECT_TRUE(
      logs("msg=\"transport.aggregators " + at +
           ": the aggregator refuses the key of this node; put node: \\\"" + stranger.public_key +
           "\\\" into aggregator.curve.nodes of its configuration and reload it\" endpoint=" + at +
           " reason=key"));
  EXPECT_TRUE(logs("a key that aggregator.curve.nodes does not name was refused\" peer=127.0.0.1"));
  EXPECT_TRUE(run_until(loop, [&] { return fault(HandshakeFault::key) > 0; }));
  EXPECT_THAT(got, IsEmpty());
  // The library gives up for good; it is tried again, and the list of then counts.
  gate->reconfigure(list({{stranger.public_key, NodeName("node")}}));
  EXPECT_TRUE(run_until(loop, [&] { return outlet->waiting_batches() == 0; }));
  for (const std::string& line : log.lines) {
    EXPECT_THAT(line, Not(HasSubstr(stranger.secret_key)));
  }
}

TEST_F(Curve, AKeyThatIsPutIntoTheListIsHeardLongBeforePatienceEnds) {
  open();
  const CurvePair newcomer = pair();
  const auto outlet = connect("node", newcomer, server.public_key, 1h);
  EXPECT_TRUE(run_until(loop, [&] { return fault(HandshakeFault::key) > 2; })) << "tried again";
  gate->reconfigure(list({{newcomer.public_key, NodeName("node")}}));
  EXPECT_TRUE(run_until(loop, [&] { return outlet->waiting_batches() == 0; }));
}

TEST_F(Curve, AKeyThatStaysRefusedIsTriedLessOften) {
  open();
  const auto outlet = connect("node", pair(), server.public_key, 1h);
  EXPECT_TRUE(run_until(loop, [&] { return fault(HandshakeFault::key) == 31; }));
  run_for(loop, 500ms);
  EXPECT_EQ(fault(HandshakeFault::key), 31U);
}

TEST_F(Curve, ANodeSpeaksOnlyForItself) {
  open();
  const auto outlet = connect("another", node, server.public_key);
  EXPECT_TRUE(run_until(loop, [&] { return denied(Denial::node) > 0; }));
  EXPECT_THAT(log.lines,
              Contains(HasSubstr("message dropped: a node speaks in the name of another than "
                                 "aggregator.curve.nodes gives its key\" peer=127.0.0.1 "
                                 "node=another key_of=node reason=node unsaid=0")));
  EXPECT_TRUE(logs("aggregator refuses what it is sent\" endpoint=" + inlet->endpoint() +
                   " reason=node message=\"message dropped: a node speaks in the name of another "
                   "than aggregator.curve.nodes gives its key\""));
  EXPECT_THAT(got, IsEmpty());
  EXPECT_EQ(outlet->waiting_batches(), 1U);
}

TEST_F(Curve, AKeyThatIsTakenAwayEndsAtOnceAndItsConnectionWithIt) {
  open();
  auto outlet = connect("node", node, server.public_key);
  ASSERT_TRUE(run_until(loop, [&] { return got.size() == 1; }));
  EXPECT_FALSE(gate->reconfigure(
      list({{node.public_key, NodeName("node")}, {pair().public_key, NodeName("further")}})));
  EXPECT_TRUE(gate->reconfigure(list({})));
  publish(*outlet);
  EXPECT_TRUE(run_until(loop, [&] { return denied(Denial::key) > 0; }));
  inlet->rebind();
  EXPECT_TRUE(run_until(loop, [&] { return fault(HandshakeFault::key) > 0; }));
  EXPECT_EQ(got.size(), 1U);
  EXPECT_EQ(outlet->waiting_batches(), 1U);
}

TEST_F(Curve, WhoIsLeftComesAgainAfterARebind) {
  open();
  const CurvePair other = pair();
  gate->reconfigure(list({{node.public_key, NodeName("node")}, {other.public_key, NodeName("b")}}));
  auto outlet = connect("node", node, server.public_key);
  ASSERT_TRUE(run_until(loop, [&] { return got.size() == 1; }));
  for (std::size_t i = 2; i < 6; ++i) {
    EXPECT_TRUE(gate->reconfigure(list({{node.public_key, NodeName("node")}})) || i > 2);
    inlet->rebind();
    inlet->rebind();  // once more, while the first is under way
    publish(*outlet);
    ASSERT_TRUE(run_until(loop, [&] { return got.size() >= i && outlet->waiting_batches() == 0; }));
  }
}

TEST_F(Curve, WhoDoesNotSpeakItGetsNothing) {
  open();
  const auto outlet = connect("node", node, "");
  EXPECT_TRUE(
      logs("the aggregator asks for CURVE; put its public key into "
           "transport.curve.aggregator_keys"));
  EXPECT_TRUE(run_until(loop, [&] { return fault(HandshakeFault::mechanism) > 0; }));
  EXPECT_THAT(got, IsEmpty());
}

TEST_F(Curve, AnotherServersKeyIsToldAsSuch) {
  open();
  const auto outlet = connect("node", node, pair().public_key);
  EXPECT_TRUE(
      logs("the connection ended while keys were exchanged; is the one in "
           "transport.curve.aggregator_keys that of the aggregator there?"));
  EXPECT_TRUE(run_until(loop, [&] { return fault(HandshakeFault::cryptography) > 0; }));
  EXPECT_THAT(got, IsEmpty());
}

TEST_F(Curve, BeyondItsBudgetANodeWaits) {
  open(Bytes(1));
  auto outlet = connect("node", node, server.public_key);
  ASSERT_TRUE(run_until(loop, [&] { return got.size() == 1; }));
  publish(*outlet);
  EXPECT_TRUE(run_until(loop, [&] { return denied(Denial::budget) > 0; }));
  EXPECT_EQ(outlet->waiting_batches(), 1U);
  inlet->set_budget(Bytes(64U << 20U));
  EXPECT_TRUE(run_until(loop, [&] { return outlet->waiting_batches() == 0; }));
}

TEST_F(Curve, OneGateForAContext) {
  open();
  const auto second = Gate::open(loop, log, zmq, list({}));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(),
              HasSubstr("aggregator.curve inproc://zeromq.zap.01: cannot be bound"));
}

TEST_F(Curve, AKeyThatIsNone) {
  CurveServerConfig config;
  config.secret_key = secret("short");
  const auto made = Gate::open(loop, log, zmq, config);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), "aggregator.curve.secret_key: no secret key of CURVE");
}

TEST(SenderCheck, TheBudgetIsEachNodesOwnAndComesBack) {
  SenderCheck check(nullptr, Bytes(1000));
  const NodeName a("a");
  const NodeName b("b");
  Instant now{};
  EXPECT_FALSE(check.claims({}, a, 4000, now));  // what it saved
  EXPECT_EQ(check.claims({}, a, 1, now), Denial::budget);
  EXPECT_FALSE(check.claims({}, b, 1, now));
  now += 1ms;
  EXPECT_FALSE(check.claims({}, a, 5001, now));  // larger than the bucket: once, on credit
  EXPECT_EQ(check.claims({}, a, 1, now + 4s), Denial::budget);
  EXPECT_FALSE(check.claims({}, a, 1, now + 6s));
}

TEST(Complaints, AreBoundedInTimeAndNumber) {
  Complaints complaints;
  Instant now{};
  EXPECT_EQ(complaints.due("a", now)->unsaid, 0U);
  EXPECT_FALSE(complaints.due("a", now + 9s));
  EXPECT_EQ(complaints.due("a", now + 10s)->unsaid, 1U);
  for (int i = 0; i < 1000; ++i) (void)complaints.due(std::to_string(i), now);
  EXPECT_FALSE(complaints.due("one more", now));
  const auto others = complaints.due("one more", now + 10s);
  EXPECT_EQ(others->peer, "others");
}

}  // namespace
}  // namespace itnxt::test
