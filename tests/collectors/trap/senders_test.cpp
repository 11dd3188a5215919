// Whose notification it is.
#include "collectors/trap/senders.hpp"

#include <gtest/gtest.h>

namespace itnxt::trap {
namespace {

SnmpTarget target(const std::string& name, const std::string& host, const std::string& community) {
  SnmpTarget made;
  made.device.name = DeviceName(name);
  made.device.host = host;
  made.device.credentials = community;
  if (community.empty()) {
    made.credentials.version = SnmpVersion::v3;
  } else {
    made.credentials.community.set(community);
  }
  return made;
}
Address from(const std::string& ip) {
  return *numeric_address(ip, 40'000);
}

class SendersTest : public testing::Test {
 protected:
  SendersTest() {
    senders.set({target("core", "10.0.0.1", "red"), target("edge", "10.0.0.2", "blue"),
                 target("six", "2001:db8::1", "red"), target("safe", "10.0.0.3", ""),
                 target("a", "10.0.0.9", "red"), target("b", "10.0.0.9", "blue"),
                 target("c", "10.0.0.9", "blue"), target("named", "router.example", "red")});
  }
  std::string who(const std::string& ip, std::string_view community,
                  std::optional<std::array<std::uint8_t, 4>> agent = {}) {
    Notification note;
    note.community = community;
    note.agent = agent;
    const auto found = senders.of_community(note, from(ip));
    if (const auto* reason = std::get_if<Reason>(&found)) return std::string(name(*reason));
    return names(std::get<Senders::Found>(found));
  }
  std::string names(const Senders::Found& found) {
    std::string text;
    for (const std::size_t device : found) {
      text += (text.empty() ? "" : " ") + senders.name(device).text();
    }
    return text;
  }
  Senders senders;
};

TEST_F(SendersTest, ByAddressUnderACommunityOfTheInventory) {
  EXPECT_EQ(who("10.0.0.1", "red"), "core");
  EXPECT_EQ(who("2001:db8::1", "red"), "six");
  EXPECT_EQ(who("10.0.0.1", "blue"), "core") << "some devices send under another one";
  EXPECT_EQ(who("10.0.0.1", "green"), "wrong_community");
  EXPECT_EQ(who("10.0.0.1", ""), "wrong_community");
  EXPECT_EQ(who("10.0.0.77", "red"), "unknown_sender");
  EXPECT_EQ(who("10.0.0.3", "red"), "insecure") << "it has a user";
}

TEST_F(SendersTest, SeveralAtOneAddressAreToldApartByTheirCommunity) {
  EXPECT_EQ(who("10.0.0.9", "red"), "a");
  EXPECT_EQ(who("10.0.0.9", "blue"), "b c");
}

TEST_F(SendersTest, ByTheAddressThatItNamesUnderItsOwnCommunityOnly) {
  EXPECT_EQ(who("10.0.0.77", "red", {{10, 0, 0, 1}}), "core");
  EXPECT_EQ(who("10.0.0.77", "blue", {{10, 0, 0, 1}}), "unknown_sender") << "not core's own";
  EXPECT_EQ(who("10.0.0.2", "red", {{10, 0, 0, 1}}), "core") << "a relay";
  EXPECT_EQ(who("10.0.0.2", "blue", {{10, 0, 0, 1}}), "edge");
  EXPECT_EQ(who("10.0.0.77", "red", {{10, 0, 0, 3}}), "unknown_sender") << "safe has a user";
  EXPECT_EQ(who("10.0.0.2", "blue", {{10, 9, 9, 9}}), "edge");
}

TEST_F(SendersTest, OfVersion3TheAddressIsAHintAmongDevicesWithAUser) {
  Notification note;
  EXPECT_EQ(names(senders.of_address(note, from("10.0.0.3"))), "safe");
  EXPECT_EQ(names(senders.of_address(note, from("10.0.0.1"))), "");
  note.agent = {{10, 0, 0, 3}};
  EXPECT_EQ(names(senders.of_address(note, from("10.0.0.77"))), "safe");
}

TEST_F(SendersTest, NamesAreFollowed) {
  const auto wanted = senders.names();
  ASSERT_EQ(wanted.size(), 1U);
  EXPECT_EQ(wanted[0].second, "router.example");
  EXPECT_EQ(who("10.0.0.50", "red"), "unknown_sender");
  senders.resolved(wanted[0].first, from("10.0.0.50"));
  EXPECT_EQ(who("10.0.0.50", "red"), "named");
  senders.resolved(wanted[0].first, from("10.0.0.51"));
  EXPECT_EQ(who("10.0.0.50", "red"), "unknown_sender");
  senders.set({target("named", "router.example", "red")});
  EXPECT_EQ(who("10.0.0.51", "red"), "named") << "what is known stays over a reload";
  EXPECT_FALSE(senders.find(DeviceName("core")));
}

}  // namespace
}  // namespace itnxt::trap
