// Messages that no collector of ours would send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "daemon/io/inlet.hpp"
#include "tests/io/zmtp_peer.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;

class HostilePeer : public testing::Test {
 protected:
  HostilePeer() {
    auto opened = Inlet::open(loop, log, zmq, "tcp://127.0.0.1:*", [](const Batch&) {});
    EXPECT_TRUE(opened) << opened.error();
    inlet = std::move(opened).value();
  }
  [[nodiscard]] std::uint64_t refused(wire::Refusal reason) const {
    return inlet->counts().refused[static_cast<std::size_t>(reason)];
  }

  PollLoop loop;
  RecordingLog log;
  ZmqContext zmq;
  std::unique_ptr<Inlet> inlet;
};

TEST_F(HostilePeer, ThousandsOfPartsAreOneRefusalAndTheNextMessageIsRead) {
  ZmtpPeer peer(inlet->endpoint());
  ASSERT_TRUE(peer.connected());
  for (int i = 0; i < 100'000; ++i) peer.part("x", true);
  peer.part("the end", false);
  peer.part("rubbish", false);
  ASSERT_TRUE(run_until(loop, [&] { return refused(wire::Refusal::syntax) == 1; }));
  EXPECT_EQ(refused(wire::Refusal::size), 1U);
  EXPECT_THAT(log.lines,
              ElementsAre("level=warning msg=\"malformed message dropped: message: 65 parts, "
                          "expected 1 to 64\" peer=127.0.0.1 node=\"\" reason=size unsaid=0"));
}

// However many parts: the loop's other work goes on in between.
TEST_F(HostilePeer, AMessageOfManyPartsDoesNotHoldTheLoop) {
  constexpr int kParts = 1'000'000;
  ZmtpPeer peer(inlet->endpoint());
  ASSERT_TRUE(peer.connected());
  std::thread sender([&] {
    for (int i = 1; i < kParts; ++i) peer.part("", true);
    peer.part("", false);
  });
  // Rounds of the loop between the first part it reads and the last: a slow one tells.
  int slow = 0;
  loop.on_slow([&](const SlowCallback&) { ++slow; });
  EXPECT_TRUE(run_until(
      loop, [&] { return refused(wire::Refusal::size) == 1; }, 60s));
  sender.join();
  EXPECT_EQ(slow, 0);
}

}  // namespace
}  // namespace itnxt::test
