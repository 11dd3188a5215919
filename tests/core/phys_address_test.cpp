#include "daemon/core/phys_address.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace itnxt {
namespace {

using Octets = std::vector<std::uint8_t>;

TEST(PhysAddress, IsHexadecimalText) {
  EXPECT_EQ(PhysAddress(Octets{0x00, 0x1C, 0x73, 0xB4, 0xFD, 0x69}).text(), "00:1c:73:b4:fd:69");
  EXPECT_EQ(PhysAddress(Octets{0xFF}).text(), "ff");
  EXPECT_EQ(PhysAddress().text(), "");
}

TEST(PhysAddress, IsCutAtTheLongestThereIs) {
  const PhysAddress address(Octets(25, 0xAB));
  EXPECT_EQ(address.octets().size(), 20U);
  EXPECT_EQ(address, PhysAddress(Octets(20, 0xAB)));
  EXPECT_NE(address, PhysAddress(Octets(19, 0xAB)));
}

TEST(PhysAddress, NoneAndZeroTellNothing) {
  EXPECT_FALSE(PhysAddress().tells_anything());
  EXPECT_FALSE(PhysAddress(Octets(6, 0)).tells_anything());
  EXPECT_TRUE(PhysAddress(Octets{0, 0, 0, 0, 0, 1}).tells_anything());
  EXPECT_NE(PhysAddress(), PhysAddress(Octets{0}));
}

}  // namespace
}  // namespace itnxt
