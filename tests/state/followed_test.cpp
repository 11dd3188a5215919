// Who is followed for a device, as a table: who comes in which order, and what becomes of it.
#include "daemon/state/followed.hpp"

#include <gtest/gtest.h>

namespace itnxt {
namespace {

Teller teller(const char* node, const char* collector = "c") {
  return {NodeName(node), CollectorName(collector)};
}

class FollowedTest : public testing::Test {
 protected:
  FollowedTest() { configure("192.0.2.1", ""); }
  void configure(const char* address, const char* node) {
    Device device;
    device.name = DeviceName("r1");
    device.host = address;
    device.node = NodeName(node);
    followed.configure(device);
  }
  enum State : bool { silent = false, live = true };
  // As the device does: who may is followed.
  Verdict tell(const char* node, Claim claim, State state, bool is_configured = false) {
    const Verdict verdict = followed.judge(teller(node), claim, is_configured, state == live);
    if (verdict == Verdict::taken && claim != Claim::series) {
      followed.follow(teller(node), claim, is_configured);
    }
    return verdict;
  }
  std::string change() {
    const auto change = followed.take_change();
    return change ? describe(*change) : "";
  }
  Followed followed;
};

TEST_F(FollowedTest, APolledDeviceGoesToWhoeverComesWhenItsNodeIsSilentAndStaysThere) {
  EXPECT_EQ(tell("n1", Claim::poll, silent), Verdict::taken);
  EXPECT_EQ(change(), "") << "the first is no change";
  EXPECT_EQ(tell("n2", Claim::poll, live), Verdict::waits);
  EXPECT_EQ(tell("n2", Claim::event, live), Verdict::waits);
  EXPECT_EQ(tell("n2", Claim::series, live), Verdict::waits);
  EXPECT_EQ(tell("n2", Claim::poll, silent), Verdict::taken);
  EXPECT_EQ(change(), "r1 is told by n2 now: n1 is silent");
  EXPECT_EQ(change(), "") << "told once";
  EXPECT_EQ(tell("n1", Claim::poll, live), Verdict::waits);
  EXPECT_EQ(followed.teller(), teller("n2"));
  EXPECT_EQ(followed.owner(), NodeName());
}

TEST_F(FollowedTest, OnlyTheNodeOfTheInventoryMayTellLiveOrNot) {
  configure("192.0.2.1", "n1");
  EXPECT_EQ(followed.owner(), NodeName("n1"));
  for (const State state : {silent, live}) {
    for (const Claim claim : {Claim::poll, Claim::own, Claim::event, Claim::series}) {
      EXPECT_EQ(tell("n2", claim, state), Verdict::barred);
      EXPECT_EQ(tell("n2", claim, state, true), Verdict::barred)
          << "the inventory goes before this node's own collectors";
    }
  }
  EXPECT_EQ(tell("n1", Claim::poll, silent), Verdict::taken);
  // Among the collectors of that node the first is followed, as always.
  EXPECT_EQ(followed.judge(teller("n1", "other"), Claim::poll, false, true), Verdict::waits);
  EXPECT_EQ(followed.judge(teller("n1", "other"), Claim::series, false, true), Verdict::taken);
  EXPECT_EQ(followed.judge(teller("n1", "other"), Claim::poll, false, false), Verdict::taken);
  EXPECT_EQ(followed.judge(teller("n1", "other"), Claim::poll, true, true), Verdict::taken);
}

TEST_F(FollowedTest, TheNodeThatAReloadGivesItToHasItAtOnce) {
  (void)tell("n2", Claim::own, silent);
  configure("192.0.2.1", "n1");
  EXPECT_EQ(tell("n2", Claim::own, live), Verdict::barred);
  EXPECT_EQ(tell("n1", Claim::poll, live), Verdict::taken);
  EXPECT_EQ(change(), "r1 is told by n1 now: inventory.devices gives the device to it");
  // Taken away again: what n2 said before of itself counts no more.
  configure("192.0.2.1", "");
  EXPECT_EQ(tell("n2", Claim::own, live), Verdict::waits);
}

TEST_F(FollowedTest, AHostIsToldByNoOtherThatClaimsToBeIt) {
  EXPECT_EQ(tell("n1", Claim::own, silent), Verdict::taken);
  EXPECT_EQ(followed.owner(), NodeName("n1"));
  for (const State state : {live, silent}) {
    EXPECT_EQ(tell("n2", Claim::own, state), Verdict::barred);
    EXPECT_NE(tell("n2", Claim::event, state), Verdict::taken);
    EXPECT_NE(tell("n2", Claim::series, state), Verdict::taken);
  }
  EXPECT_EQ(change(), "");
}

TEST_F(FollowedTest, AHostMayBePolledWhileItIsSilentAndIsBackAtOnce) {
  (void)tell("n1", Claim::own, silent);
  EXPECT_EQ(tell("n2", Claim::poll, live), Verdict::waits);
  EXPECT_EQ(tell("n2", Claim::poll, silent), Verdict::taken);
  EXPECT_EQ(change(), "r1 is told by n2 now: n1 is silent");
  EXPECT_EQ(tell("n2", Claim::event, live), Verdict::taken);
  EXPECT_EQ(tell("n2", Claim::series, live), Verdict::taken);
  EXPECT_EQ(tell("n2", Claim::own, live), Verdict::barred);
  EXPECT_EQ(tell("n3", Claim::poll, live), Verdict::waits);
  EXPECT_EQ(tell("n1", Claim::own, live), Verdict::taken);
  EXPECT_EQ(change(), "r1 is told by n1 now: the host itself tells again");
  EXPECT_EQ(tell("n2", Claim::poll, live), Verdict::waits);
}

TEST_F(FollowedTest, AHostWithoutAnAddressIsNobodyElsesToPoll) {
  configure("", "");
  (void)tell("n1", Claim::own, silent);
  EXPECT_EQ(tell("n2", Claim::poll, live), Verdict::barred);
  EXPECT_EQ(tell("n2", Claim::poll, silent), Verdict::barred);
}

// Else whoever waits for a poller's silence would have the device for good.
TEST_F(FollowedTest, ADeviceThatAnotherNodeToldBeforeDoesNotBecomeANodesOwnByItsWord) {
  (void)tell("n1", Claim::poll, silent);
  EXPECT_EQ(tell("n2", Claim::own, live), Verdict::waits);
  EXPECT_EQ(tell("n2", Claim::own, silent), Verdict::taken);
  EXPECT_EQ(change(), "r1 is told by n2 now: n1 is silent");
  EXPECT_EQ(followed.owner(), NodeName());
  EXPECT_EQ(tell("n1", Claim::poll, silent), Verdict::taken);
  EXPECT_EQ(tell("n2", Claim::own, live), Verdict::waits);
}

TEST_F(FollowedTest, WhoIsConfiguredHereHasItAtOnceAndAHostDoesNotContend) {
  (void)tell("n1", Claim::own, silent);
  EXPECT_EQ(tell("center", Claim::poll, live, true), Verdict::taken);
  EXPECT_EQ(change(),
            "r1 is told by center now: the aggregator's configuration names its collector");
  EXPECT_EQ(tell("n1", Claim::own, live), Verdict::waits);
  EXPECT_EQ(tell("n1", Claim::own, silent), Verdict::taken);
}

TEST_F(FollowedTest, ChangesThatNobodyTookAreOne) {
  (void)tell("n1", Claim::poll, silent);
  for (const char* node : {"n2", "n3", "n1", "n4"}) (void)tell(node, Claim::poll, silent);
  const auto change = followed.take_change();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before, NodeName("n1"));
  EXPECT_EQ(change->now, NodeName("n4"));
  EXPECT_EQ(change->times, 4U);
}

}  // namespace
}  // namespace itnxt
