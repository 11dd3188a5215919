#include "daemon/io/remote_write/write_request.hpp"

#include <gtest/gtest.h>
#include <snappy.h>

#include <bit>

#include "tests/io/remote_write/read_request.hpp"

namespace itnxt::test {
namespace {

std::string encoded(const FedSample& sample, const std::map<std::string, std::string>& external) {
  SeriesEncoder encoder(external);
  std::string out;
  encoder.append(out, sample);
  return out;
}

template <std::size_t N>
std::string bytes(const char (&text)[N]) {
  return std::string(text, N - 1);
}

// By hand from prometheus/prompb/{remote,types}.proto.
TEST(WriteRequest, OneSampleByteByByte) {
  const FedSample sample{"itnxt_up", "{device=\"r1\"}", 1.0, 1'700'000'000'123, "r1", false};
  EXPECT_EQ(encoded(sample, {}), bytes("\x0A\x36"                          // timeseries, 54 bytes
                                       "\x0A\x14"                          // label, 20
                                       "\x0A\x08__name__\x12\x08itnxt_up"  //
                                       "\x0A\x0C"                          // label, 12
                                       "\x0A\x06"
                                       "device\x12\x02r1"                      //
                                       "\x12\x10"                              // sample, 16
                                       "\x09\x00\x00\x00\x00\x00\x00\xF0\x3F"  // 1.0
                                       "\x10\xFB\xD0\x95\xFF\xBC\x31"));       // timestamp
}

TEST(WriteRequest, LabelsAreSortedAndExternalOnesJoinThem) {
  const std::map<std::string, std::string> external = {
      {"Zone", "north"}, {"cluster", "a"}, {"device", "not mine"}, {"zz", "last"}};
  const FedSample sample{"itnxt_x", "{device=\"r1\",interface=\"e0\"}", 2, 5, "r1", false};
  EXPECT_EQ(text_of(encoded(sample, external)),
            "Zone=north __name__=itnxt_x cluster=a device=r1 interface=e0 zz=last 2@5\n");
}

TEST(WriteRequest, WhatWasEscapedIsAsTheDeviceSaidIt) {
  const FedSample sample{"m", R"({alias="a\"b\\c\nd=,}{",device="Straße"})", 0, 1, "r1", false};
  EXPECT_EQ(text_of(encoded(sample, {})), "__name__=m alias=a\"b\\c\nd=,}{ device=Straße 0@1\n");
}

TEST(WriteRequest, ALabelWithoutValueIsLeftOut) {
  const FedSample sample{"m", R"({alias="",device="r1"})", 0, 1, "r1", false};
  EXPECT_EQ(text_of(encoded(sample, {})), "__name__=m device=r1 0@1\n");
  EXPECT_EQ(text_of(encoded({"m", "", 0, 1, "", false}, {})), "__name__=m 0@1\n");
}

TEST(WriteRequest, TheSameLabelsAgainAreTheSameBytes) {
  const std::map<std::string, std::string> external = {{"a", "b"}};
  SeriesEncoder encoder(external);
  std::string out;
  encoder.append(out, {"m", "{device=\"r1\"}", 1, 7, "r1", false});
  encoder.append(out, {"n", "{device=\"r1\"}", 2, 8, "r1", false});
  encoder.append(out, {"n", "{device=\"r2\"}", 3, 9, "r2", false});
  EXPECT_EQ(text_of(out),
            "__name__=m a=b device=r1 1@7\n__name__=n a=b device=r1 2@8\n"
            "__name__=n a=b device=r2 3@9\n");
}

TEST(WriteRequest, AStaleMarkerKeepsItsBits) {
  const std::string out = encoded({"m", "", std::bit_cast<double>(kStaleMarker), 1, "", false}, {});
  EXPECT_NE(out.find(bytes("\x09\x02\x00\x00\x00\x00\x00\xF0\x7F\x10\x01")), std::string::npos);
}

TEST(WriteRequest, CompressedAsASnappyBlock) {
  const std::string text(100'000, 'x');
  std::string back;
  std::string room;
  const std::string block = compress(text, room);
  EXPECT_LT(block.capacity(), text.size() / 10);  // a queue of them takes what it says
  EXPECT_LT(block.size(), text.size() / 10);
  ASSERT_TRUE(snappy::Uncompress(block.data(), block.size(), &back));
  EXPECT_EQ(back, text);
}

}  // namespace
}  // namespace itnxt::test
