#include "collectors/snmp_protocol/ber.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/fleet_recording.hpp"

namespace itnxt::snmp {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Reader, TakesElementsUntilEmpty) {
  const Bytes bytes = {0x02, 0x01, 0x05, 0x04, 0x81, 0x02, 'h', 'i'};
  Reader reader(bytes);
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->tag, 0x02);
  const auto second = reader.next(0x04);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->size(), 2U);
  EXPECT_TRUE(reader.empty());
  EXPECT_FALSE(reader.next());
}

TEST(Reader, RefusesWhatCannotBeTrusted) {
  const std::vector<Bytes> bad = {
      {},                                          // nothing
      {0x02},                                      // no length
      {0x02, 0x02, 0x01},                          // beyond the span
      {0x30, 0x80, 0x00, 0x00},                    // indefinite
      {0x30, 0x85, 0, 0, 0, 0, 1, 0},              // five digits of length
      {0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x00},  // four gigabytes
      {0x30, 0x82, 0x01},                          // length cut off
      {0x1F, 0x01, 0x00},                          // a tag of several bytes
  };
  for (const Bytes& bytes : bad) {
    Reader reader(bytes);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.empty()) << "a refused reader is spent";
  }
}

TEST(Reader, AWrongTagSpendsTheReader) {
  const Bytes bytes = {0x02, 0x01, 0x05, 0x02, 0x01, 0x05};
  Reader reader(bytes);
  EXPECT_FALSE(reader.next(0x04));
  EXPECT_TRUE(reader.empty());
}

TEST(Numbers, SignedAreTwosComplement) {
  EXPECT_EQ(signed_number(Bytes{0x7F}), 127);
  EXPECT_EQ(signed_number(Bytes{0xFF}), -1);
  EXPECT_EQ(signed_number(Bytes{0x80, 0, 0, 0}), -2147483648LL);
  EXPECT_EQ(signed_number(Bytes{}), std::nullopt);
  EXPECT_EQ(signed_number(Bytes(9, 0)), std::nullopt);
}

TEST(Numbers, UnsignedForgiveAMissingLeadingZeroOnly) {
  struct Case {
    Bytes bytes;
    std::size_t width;
    std::optional<std::uint64_t> value;
  };
  const std::vector<Case> cases = {
      {{0x00}, 4, 0},
      {{0x00, 0xFF, 0xFF, 0xFF, 0xFF}, 4, 4294967295U},
      {{0xFF, 0xFF, 0xFF, 0xFF}, 4, 4294967295U},  // the agent left the zero out
      {{0xFF}, 4, std::nullopt},                   // minus one
      {{0xFF, 0xFF}, 8, std::nullopt},
      {{0x01, 0, 0, 0, 0}, 4, std::nullopt},  // does not fit 32 bits
      {{0x00, 0, 0, 0, 0, 0}, 4, std::nullopt},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 8, ~std::uint64_t{0}},
      {{0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 8, ~std::uint64_t{0}},
      {Bytes(10, 0), 8, std::nullopt},
      {{}, 8, std::nullopt},
  };
  for (const Case& one : cases) EXPECT_EQ(unsigned_number(one.bytes, one.width), one.value);
}

TEST(Oids, RowIsTheOneArcBehindThePrefix) {
  const Bytes prefix = {0x2B, 6, 1};
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 0}, prefix), 0U);
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 0x81, 0x00}, prefix), 128U);
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F}, prefix), 4294967295U);
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 0x90, 0x80, 0x80, 0x80, 0x00}, prefix), std::nullopt);
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 0x80, 0x01}, prefix), std::nullopt) << "padded";
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 0x81}, prefix), std::nullopt) << "cut off";
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1, 1, 2}, prefix), std::nullopt) << "two arcs";
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 1}, prefix), std::nullopt) << "none";
  EXPECT_EQ(row_of(Bytes{0x2B, 6, 2, 1}, prefix), std::nullopt) << "elsewhere";
}

TEST(Oids, DottedText) {
  EXPECT_EQ(dotted(Bytes{0x2B, 6, 1, 0x81, 0x00}), "1.3.6.1.128");
  EXPECT_EQ(dotted(Bytes{0x88, 0x37, 3}), "2.999.3");
  EXPECT_EQ(dotted(Bytes{0x2B, 0x80}), "");
  EXPECT_EQ(dotted(Bytes{}), "");
}

RC_GTEST_PROP(Oids, OrderOfTheBytesIsTheOrderOfTheArcs, ()) {
  const auto arcs = [] {
    auto list = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::oneOf(
        rc::gen::inRange<std::uint32_t>(0, 4), rc::gen::inRange<std::uint32_t>(120, 20'000),
        rc::gen::arbitrary<std::uint32_t>()));
    list.insert(list.begin(), {1, 3});
    return list;
  };
  const std::vector<std::uint32_t> a = arcs();
  const std::vector<std::uint32_t> b = arcs();
  const auto order = compare(itnxt::test::encode_oid(a), itnxt::test::encode_oid(b));
  RC_ASSERT(order.has_value());
  RC_ASSERT((*order == std::strong_ordering::less) == (a < b));
  RC_ASSERT((*order == std::strong_ordering::equal) == (a == b));
}

}  // namespace
}  // namespace itnxt::snmp
