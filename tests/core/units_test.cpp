#include "daemon/core/units.hpp"

#include <gtest/gtest.h>

namespace itnxt {
namespace {

TEST(Units, RatesDivideAmountByTime) {
  EXPECT_DOUBLE_EQ(per_second(Bytes(1000), 4s).count(), 250.0);
  EXPECT_DOUBLE_EQ(per_second(Packets(3), 500ms).count(), 6.0);
}

TEST(Units, SpeedIsBitsOutsideAndBytesInside) {
  EXPECT_EQ(bits_per_second(10e9), BytesPerSecond(1.25e9));
  EXPECT_DOUBLE_EQ(utilization(BytesPerSecond(25), bits_per_second(800)).count(), 0.25);
}

TEST(Units, AddAndCompare) {
  EXPECT_EQ(Bytes(1) + Bytes(2), Bytes(3));
  EXPECT_EQ(Bytes(5) - Bytes(2), Bytes(3));
  EXPECT_LT(Ratio(0.1), Ratio(0.2));
}

}  // namespace
}  // namespace itnxt
