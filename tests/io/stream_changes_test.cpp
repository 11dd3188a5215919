#include "daemon/io/stream_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace itnxt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Stream : public testing::Test {
 protected:
  Stream() {
    link("a", true);
    device("d1", 10);
    device("d2", 20);
  }
  void link(const std::string& name, bool up) {
    LinkView view;
    view.name = LinkName(name);
    view.up = up;
    snapshot.links = {view};
  }
  // With one interface.
  void device(const std::string& name, double rate) {
    auto view = std::make_shared<DeviceView>();
    view->name = DeviceName(name);
    auto& identity = identities[name];
    if (!identity) {
      identity = std::make_shared<InterfaceIdentity>(
          InterfaceIdentity{view->name, InterfaceName("e1"), ""});
    }
    InterfaceView interface;
    interface.identity = identity;
    interface.receive = BytesPerSecond(rate);
    view->interfaces = {interface};
    for (auto& known : snapshot.devices) {
      if (known->name == view->name) {
        known = view;
        return;
      }
    }
    snapshot.devices.push_back(view);
  }
  void alert(AlertState state) {
    auto fresh = std::make_shared<Board>();
    BoardAlert one;
    one.alert = "LinkDown";
    one.subject = "link a";
    one.state = state;
    fresh->alerts = {one};
    board = fresh;
  }
  // The topics of a round, a second later.
  std::vector<std::string> round(Duration later = 1s) {
    snapshot.at += later;
    std::vector<std::string> topics;
    messages.clear();
    changes.round(std::make_shared<const Snapshot>(snapshot), board,
                  [&](std::string_view topic, std::string_view payload) {
                    topics.emplace_back(topic);
                    messages.push_back(*wire::decode_stream(payload));
                  });
    std::sort(topics.begin(), topics.end());
    return topics;
  }

  StreamChanges changes{7};
  Snapshot snapshot{};
  std::shared_ptr<const Board> board = std::make_shared<Board>();
  std::map<std::string, std::shared_ptr<const InterfaceIdentity>> identities;
  std::vector<wire::StreamMessage> messages;
};

TEST_F(Stream, NobodyIsTold) {
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(Stream, EverythingAtFirstThenWhatChanged) {
  changes.subscribe("");
  EXPECT_THAT(round(), ElementsAre("crisis", "interface.d1.e1", "interface.d2.e1", "link.a"));
  EXPECT_THAT(round(), IsEmpty());
  device("d2", 21);
  EXPECT_THAT(round(), ElementsAre("interface.d2.e1"));
  EXPECT_EQ(messages[0].sequence, 2U);
  EXPECT_EQ(messages[0].epoch, 7U);
  device("d2", 21);  // a new sample, the same rates
  EXPECT_THAT(round(), IsEmpty());
  link("a", false);
  EXPECT_THAT(round(), ElementsAre("link.a"));
  EXPECT_EQ(std::get<wire::LinkState>(messages[0].state).up, false);
}

TEST_F(Stream, OnlyWhatSomebodySubscribedTo) {
  changes.subscribe("interface.d2.");
  EXPECT_THAT(round(), ElementsAre("interface.d2.e1"));
  device("d1", 11);
  device("d2", 21);
  EXPECT_THAT(round(), ElementsAre("interface.d2.e1"));
  changes.unsubscribe("interface.d2.");
  device("d2", 22);
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(Stream, ANewSubscriptionGetsAllOfItButNotTooOften) {
  changes.subscribe("link.");
  EXPECT_THAT(round(), ElementsAre("link.a"));
  changes.subscribe("link.");
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_THAT(round(3s), IsEmpty());
  EXPECT_THAT(round(1s), ElementsAre("link.a"));
  EXPECT_THAT(round(59s), IsEmpty());
  EXPECT_THAT(round(), ElementsAre("link.a"));  // once a minute, so that a loss shows
}

TEST_F(Stream, AnAlertFromItsBeginningToItsEnd) {
  changes.subscribe("alert.");
  EXPECT_THAT(round(), IsEmpty());
  for (const AlertState state : {AlertState::pending, AlertState::firing}) {
    alert(state);
    EXPECT_THAT(round(), ElementsAre("alert.LinkDown"));
    EXPECT_EQ(std::get<wire::AlertState>(messages[0].state).state, name(state));
  }
  alert(AlertState::firing);
  EXPECT_THAT(round(), IsEmpty());
  board = std::make_shared<Board>();
  EXPECT_THAT(round(), ElementsAre("alert.LinkDown"));
  EXPECT_EQ(std::get<wire::AlertState>(messages[0].state).state, "resolved");
}

TEST_F(Stream, ARoundIsBoundedAndTheNextGoesOn) {
  snapshot.devices.clear();
  constexpr std::size_t kDevices = 2 * StreamChanges::kMostInterfaces + 1;
  for (std::size_t i = 0; i < kDevices; ++i) {
    auto view = std::make_shared<DeviceView>();
    const std::string digits = std::to_string(i);
    view->name = DeviceName("d" + std::string(6 - digits.size(), '0') + digits);
    InterfaceView interface;
    interface.identity =
        std::make_shared<InterfaceIdentity>(InterfaceIdentity{view->name, InterfaceName("e1"), ""});
    view->interfaces = {interface};
    snapshot.devices.push_back(view);
  }
  changes.subscribe("interface.");
  EXPECT_EQ(round().size(), StreamChanges::kMostInterfaces);
  EXPECT_EQ(round().size(), StreamChanges::kMostInterfaces);
  EXPECT_EQ(round().size(), 1U);
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(Stream, TooManySubscriptionsAreRefused) {
  EXPECT_FALSE(changes.subscribe(std::string(257, 'x')));
  std::size_t kept = 0;
  while (changes.subscribe("link." + std::to_string(kept)) && kept < 10'000) ++kept;
  EXPECT_EQ(kept, StreamChanges::kMaxSubscriptions);
  changes.unsubscribe_all();
  kept = 0;
  while (changes.subscribe(std::string(250, 'y') + std::to_string(1000 + kept))) ++kept;
  EXPECT_EQ(kept, StreamChanges::kMaxSubscribedBytes / 254);
  changes.unsubscribe_all();
  EXPECT_THAT(round(), IsEmpty());
}

}  // namespace
}  // namespace itnxt
