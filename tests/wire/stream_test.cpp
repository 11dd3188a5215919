#include "daemon/wire/stream.hpp"

#include <gtest/gtest.h>

namespace itnxt::wire {
namespace {

StreamMessage message(decltype(StreamMessage::state) state) {
  return {7, 3, WallTime(std::chrono::seconds(1'700'000'000)), std::move(state)};
}

TEST(Stream, EveryStateComesBackAsItWas) {
  const LinkState idle{"md-hal-1", true, 1e9, 0.0, {}, 0.0, {}};  // zero is not absent
  for (const StreamMessage& one :
       {message(idle), message(LinkState{"unknown", {}, {}, {}, {}, {}, {}}),
        message(InterfaceState{"d", "Te0/0/1", false, 1.5, 0.0, {}, 2.0}),
        message(AlertState{"LinkDown", "link a", "critical", "firing",
                           WallTime(std::chrono::seconds(5)), "a is down"}),
        message(CrisisState{"crisis", {"halle", "stendal"}})}) {
    const auto back = decode_stream(encode(one));
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(*back, one);
  }
}

TEST(Stream, TextComesOutClean) {
  const auto back =
      decode_stream(encode(message(LinkState{"a\x1b[2J\xff", {}, {}, {}, {}, {}, {}})));
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<LinkState>(back->state).link.find('\x1b'), std::string::npos);
}

TEST(Stream, WhatIsNoneIsRefused) {
  EXPECT_EQ(decode_stream("\xff\xff").error(), "the payload is no itnxt.v1.StreamMessage");
  EXPECT_EQ(decode_stream(std::string(70'000, '\0')).error(),
            "the payload is no itnxt.v1.StreamMessage");
  EXPECT_EQ(decode_stream("").error(), "the message holds a state of a newer release");
}

}  // namespace
}  // namespace itnxt::wire
