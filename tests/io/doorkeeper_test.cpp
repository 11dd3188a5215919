#include "daemon/io/doorkeeper.hpp"

#include <gtest/gtest.h>

#include <string>

namespace itnxt::test {
namespace {

constexpr auto kShare = static_cast<int>(Doorkeeper::kMostOfSource);
constexpr auto kMost = static_cast<int>(Doorkeeper::kMost);
constexpr auto kEver = static_cast<int>(Doorkeeper::kMostEver);

Doorkeeper::Source source(int number) {
  Doorkeeper::Source made{};
  made[14] = static_cast<std::uint8_t>(number >> 8);
  made[15] = static_cast<std::uint8_t>(number & 255);
  return made;
}

class Door : public testing::Test {
 protected:
  void comes(int from, Instant at) {
    keeper.comes({++fd, source(from), source(from), static_cast<std::uint16_t>(fd), at});
  }
  void come(int count, int from, Instant at) {
    for (int i = 0; i < count; ++i) comes(from, at);
  }
  // Each from an address of its own.
  void singles(int count, Instant at) {
    for (int i = 0; i < count; ++i) comes(1000 + i, at);
  }
  // The descriptor of who has to go; 0: nobody.
  [[nodiscard]] int out(Instant now) const {
    const auto visitor = keeper.too_many(now);
    return visitor ? visitor->fd : 0;
  }

  const Instant t{1h};
  int fd = 0;
  Doorkeeper keeper;
};

TEST_F(Door, AShareOfOneAddressMayWait) {
  come(kShare, 1, t);
  EXPECT_EQ(out(t + 1min), 0);
}

TEST_F(Door, BeyondItsShareAnAddressLosesItsOldestAtOnce) {
  comes(2, t - 1s);  // older, and of somebody else
  come(kShare + 1, 1, t);
  ASSERT_EQ(out(t), 2);
  keeper.leaves(2);
  EXPECT_EQ(out(t), 0);
}

TEST_F(Door, WhoHasFinishedIsOfNobodysShare) {
  come(kShare, 1, t);
  keeper.leaves(7);
  comes(1, t);
  EXPECT_EQ(out(t), 0);
  keeper.leaves(4711);  // nobody
  EXPECT_EQ(keeper.visitors().size(), Doorkeeper::kMostOfSource);
}

TEST_F(Door, AReusedDescriptorIsOneVisitor) {
  come(kShare, 1, t);
  fd = 0;
  come(kShare, 1, t + 1s);
  EXPECT_EQ(out(t + 1s), 0);
  EXPECT_EQ(keeper.visitors().size(), Doorkeeper::kMostOfSource);
  EXPECT_EQ(keeper.visitors().front().since, t + 1s);
}

TEST_F(Door, ManyAddressesMayWaitForAWhileThenTheLargestLosesItsOldest) {
  singles(kMost, t);
  come(2, 1, t + 1ms);
  const int first_of_two = kMost + 1;
  EXPECT_EQ(out(t + Doorkeeper::kGrace), fd - kMost - 1);  // the two are not late yet
  EXPECT_EQ(out(t + Doorkeeper::kGrace - 1ns), 0);
  EXPECT_EQ(out(t + 1ms + Doorkeeper::kGrace), first_of_two);
  keeper.leaves(first_of_two);
  keeper.leaves(first_of_two + 1);
  EXPECT_EQ(out(t + 1h), 0);
}

TEST_F(Door, BeyondWhatThereMayEverBeTheLargestLosesItsOldest) {
  singles(kEver - 1, t);
  come(2, 1, t);
  EXPECT_EQ(out(t), kEver);
}

// As after an outage: if the oldest went, nobody would ever finish.
TEST_F(Door, OfACrowdOfSinglesTheLastComesAgain) {
  singles(kEver, t);
  EXPECT_EQ(out(t), 0);
  singles(1, t);  // of the first one's address: two of it
  EXPECT_EQ(out(t), 1);
  keeper.leaves(1);
  comes(1, t);
  EXPECT_EQ(out(t), fd);
}

}  // namespace
}  // namespace itnxt::test
