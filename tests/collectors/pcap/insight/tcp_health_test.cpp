// TCP as scripts over time: who sends what when, and what the tap makes of it. Times in ms.
#include "collectors/pcap/insight/tcp_health.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>

namespace itnxt::pcap {
namespace {

constexpr std::uint8_t kSyn = tcp_flag::syn, kAck = tcp_flag::ack, kFin = tcp_flag::fin,
                       kRst = tcp_flag::rst;
constexpr unsigned kClient = 0, kServer = 1;

class Tap {
 public:
  explicit Tap(std::uint32_t client_first = 1000, std::uint32_t server_first = 500'000)
      : first_{client_first, server_first} {
    flow_.ports = 50'000U << 16U | 443U;
  }
  // Numbers are relative to the first ones; `ack` < 0: none.
  bool send(double ms, unsigned from, std::uint8_t flags, std::int64_t sequence, std::int64_t ack,
            std::uint32_t payload = 0) {
    TcpSegment s;
    s.flags = flags;
    s.sequence = first_[from] + static_cast<std::uint32_t>(sequence);
    if (ack >= 0) s.acknowledgement = first_[1 - from] + static_cast<std::uint32_t>(ack);
    s.payload = payload;
    s.window = window;
    s.has_timestamps = stamps;
    s.ts_value = ts_value;
    s.ts_echo = ts_echo;
    const auto now = base_ + static_cast<Micros>(ms * 1000);
    begin_tcp(flow_, fresh_, from, s, pair);
    fresh_ = false;
    return observe_tcp(flow_, from, s, now, pair);
  }
  void shake_hands(double server_half, double client_half) {
    send(0, kClient, kSyn, 0, -1);
    send(server_half, kServer, kSyn | kAck, 0, 1);
    send(server_half + client_half, kClient, kAck, 1, 1);
  }
  void settle(std::int32_t silent) { settle_attempt(flow_, silent, pair); }
  void rebase(Micros base) { base_ = base; }

  [[nodiscard]] const TcpSide& client() const { return pair.sides[0]; }
  [[nodiscard]] const TcpSide& server() const { return pair.sides[1]; }
  static std::uint64_t samples(const TcpSide& side) {
    const auto& b = side.round_trips.buckets;
    return std::accumulate(b.begin(), b.end(), std::uint64_t{0});
  }

  TcpPair pair;
  std::uint16_t window = 1000;
  bool stamps = false;
  std::uint32_t ts_value = 0, ts_echo = 0;

 private:
  std::array<std::uint32_t, 2> first_;
  Flow flow_;
  bool fresh_ = true;
  Micros base_ = 0;
};

TEST(TcpHealth, HandshakeGivesBothHalvesOfThePath) {
  Tap tap;
  tap.shake_hands(30, 5);
  EXPECT_EQ(tap.server().round_trips.micros, 30'000U);
  EXPECT_EQ(tap.client().round_trips.micros, 5'000U);
  EXPECT_EQ(Tap::samples(tap.server()), 1U);
  EXPECT_EQ(Tap::samples(tap.client()), 1U);
  EXPECT_EQ(tap.client().retransmissions + tap.server().retransmissions, 0U);
}

TEST(TcpHealth, SaysWhenAnAttemptIsCompleted) {
  Tap tap;
  EXPECT_FALSE(tap.send(0, kClient, kSyn, 0, -1));
  EXPECT_FALSE(tap.send(1, kServer, kSyn | kAck, 0, 1));
  EXPECT_TRUE(tap.send(2, kClient, kAck, 1, 1));
  EXPECT_FALSE(tap.send(3, kClient, kAck, 1, 1, 100));
}

TEST(TcpHealth, ARepeatedSynIsARetransmissionAndNotTimed) {
  Tap tap;
  tap.send(0, kClient, kSyn, 0, -1);
  tap.send(1000, kClient, kSyn, 0, -1);
  tap.send(1010, kServer, kSyn | kAck, 0, 1);
  tap.send(1012, kClient, kAck, 1, 1);
  EXPECT_EQ(tap.client().retransmissions, 1U);
  EXPECT_EQ(Tap::samples(tap.server()), 0U);  // to which SYN was it? (Karn)
  EXPECT_EQ(tap.client().round_trips.micros, 2'000U);
}

TEST(TcpHealth, TheEchoOfAStampTellsWhichSynWasAnswered) {
  Tap tap;
  tap.stamps = true;
  tap.ts_value = 100;
  tap.send(0, kClient, kSyn, 0, -1);
  tap.ts_value = 1100;
  tap.send(1000, kClient, kSyn, 0, -1);
  tap.ts_value = 7;
  tap.ts_echo = 100;  // the first one, late
  tap.send(1010, kServer, kSyn | kAck, 0, 1);
  EXPECT_EQ(tap.server().round_trips.micros, 1'010'000U);
}

TEST(TcpHealth, AnAttemptNobodyAnswersIsCountedOnceAfterAWhile) {
  Tap tap;
  tap.send(0, kClient, kSyn, 0, -1);
  tap.send(1000, kClient, kSyn, 0, -1);
  tap.settle(kPatience - 1);
  EXPECT_EQ(tap.pair.unanswered, 0U);
  tap.settle(kPatience);
  tap.settle(2 * kPatience);
  EXPECT_EQ(tap.pair.unanswered, 1U);
}

TEST(TcpHealth, WhatGoesOnWasAnsweredThoughTheTapSeesOneDirection) {
  Tap tap;
  tap.send(0, kClient, kSyn, 0, -1);
  EXPECT_TRUE(tap.send(20, kClient, kAck, 1, 1));
  tap.send(21, kClient, kAck, 1, 1, 1000);
  tap.send(22, kClient, kAck, 1001, 1, 1000);
  tap.settle(2 * kPatience);
  EXPECT_EQ(tap.pair.unanswered, 0U);
  EXPECT_EQ(Tap::samples(tap.server()) + Tap::samples(tap.client()), 0U);
}

TEST(TcpHealth, ARefusalIsAResetAndAnAnswer) {
  Tap tap;
  tap.send(0, kClient, kSyn, 0, -1);
  tap.send(1, kServer, kRst | kAck, 0, 1);
  tap.send(2, kServer, kRst | kAck, 0, 1);
  tap.settle(2 * kPatience);
  EXPECT_EQ(tap.server().resets, 1U);
  EXPECT_EQ(tap.pair.unanswered, 0U);
}

// Two full segments together, acknowledged together: nothing waited for a timer.
TEST(TcpHealth, DataThatIsAcknowledgedAtOnceIsTimed) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kServer, kAck, 1, 1, 1448);
  tap.send(20.1, kServer, kAck, 1449, 1, 1448);
  tap.send(24.1, kClient, kAck, 1, 2897);
  EXPECT_EQ(tap.client().round_trips.micros, 1'000U + 4'100U);
}

TEST(TcpHealth, ADelayedAcknowledgementIsNotTimed) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kServer, kAck, 1, 1, 1448);
  tap.send(60, kClient, kAck, 1, 1449);  // 40 ms: one segment waits for a second
  EXPECT_EQ(Tap::samples(tap.client()), 1U);
}

TEST(TcpHealth, AnAnswerIsNoMeasureOfTheNetwork) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kClient, kAck, 1, 1, 300);
  tap.send(520, kServer, kAck, 1, 301, 5000);  // half a second of thinking
  EXPECT_EQ(Tap::samples(tap.server()), 1U);
}

TEST(TcpHealth, WhatWasSentAfterAPauseIsNotTimedFromBefore) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kServer, kAck, 1, 1, 1448);
  tap.send(50, kServer, kAck, 1449, 1, 1448);
  tap.send(54, kClient, kAck, 1, 2897);
  EXPECT_EQ(Tap::samples(tap.client()), 1U);
}

TEST(TcpHealth, RetransmittedDataIsCountedAndNotTimed) {
  Tap tap;
  tap.shake_hands(10, 10);
  tap.send(20, kServer, kAck, 1, 1, 1448);
  tap.send(20, kServer, kAck, 1449, 1, 1448);
  tap.send(240, kServer, kAck, 1, 1, 1448);
  tap.send(250, kClient, kAck, 1, 2897);
  EXPECT_EQ(tap.server().retransmissions, 1U);
  EXPECT_EQ(Tap::samples(tap.client()), 1U);
}

// The same with stamps: the echo of the first copy says that it arrived.
TEST(TcpHealth, RetransmittedDataIsTimedWhereTheEchoNamesTheFirstCopy) {
  Tap tap;
  tap.stamps = true;
  tap.shake_hands(10, 10);
  tap.ts_value = 50;
  tap.send(30, kServer, kAck, 1, 1, 1448);
  tap.send(30, kServer, kAck, 1449, 1, 1448);
  tap.ts_value = 80;
  tap.send(60, kServer, kAck, 1, 1, 1448);
  tap.ts_echo = 50;
  tap.send(65, kClient, kAck, 1, 2897);
  EXPECT_EQ(tap.client().round_trips.micros, 10'000U + 35'000U);
}

TEST(TcpHealth, AnEchoOfARepetitionTheTapDidNotSeeIsNotTimed) {
  Tap tap;
  tap.stamps = true;
  tap.shake_hands(10, 10);
  tap.ts_value = 50;
  tap.send(30, kServer, kAck, 1, 1, 1448);
  tap.send(30, kServer, kAck, 1449, 1, 1448);
  tap.ts_echo = 300;
  tap.send(265, kClient, kAck, 1, 2897);
  EXPECT_EQ(Tap::samples(tap.client()), 1U);
}

TEST(TcpHealth, LostBeforeTheTapIsARetransmissionWhenItComes) {
  Tap tap;
  tap.shake_hands(10, 10);  // a round trip of 20 ms: what comes within 5 ms is late, not lost
  tap.send(30, kServer, kAck, 1, 1, 1000);
  tap.send(31, kServer, kAck, 2001, 1, 1000);
  tap.send(51, kServer, kAck, 1001, 1, 1000);
  EXPECT_EQ(tap.server().retransmissions, 1U);
  EXPECT_EQ(tap.server().out_of_order, 0U);
}

TEST(TcpHealth, LateIsOutOfOrder) {
  Tap tap;
  tap.shake_hands(10, 10);
  tap.send(30, kServer, kAck, 1, 1, 1000);
  tap.send(31, kServer, kAck, 2001, 1, 1000);
  tap.send(33, kServer, kAck, 1001, 1, 1000);
  tap.send(34, kServer, kAck, 3001, 1, 1000);
  EXPECT_EQ(tap.server().retransmissions, 0U);
  EXPECT_EQ(tap.server().out_of_order, 1U);
}

TEST(TcpHealth, WithoutAKnownRoundTripLateMeansThreeMilliseconds) {
  for (const double late : {2.9, 3.1}) {
    Tap tap;
    tap.send(0, kServer, kAck, 1, 1, 1000);
    tap.send(1, kServer, kAck, 2001, 1, 1000);
    tap.send(1 + late, kServer, kAck, 1001, 1, 1000);
    EXPECT_EQ(tap.server().out_of_order, late < 3 ? 1U : 0U);
    EXPECT_EQ(tap.server().retransmissions, late < 3 ? 0U : 1U);
  }
}

TEST(TcpHealth, KeepalivesAreNeither) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kClient, kAck, 1, 1, 100);
  tap.send(30, kServer, kAck, 1, 101);
  tap.send(75'030, kClient, kAck, 100, 1);  // no byte
  tap.send(75'040, kServer, kAck, 1, 101);
  tap.send(150'030, kClient, kAck, 100, 1, 1);  // the last byte once more
  EXPECT_EQ(tap.client().retransmissions, 0U);
  EXPECT_EQ(tap.client().out_of_order, 0U);
}

TEST(TcpHealth, TheLastByteOnceMoreIsARetransmissionWhileItIsNotAcknowledged) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kClient, kAck, 1, 1, 1);
  tap.send(220, kClient, kAck, 1, 1, 1);
  EXPECT_EQ(tap.client().retransmissions, 1U);
}

TEST(TcpHealth, AClosedWindowIsCountedAsOftenAsItCloses) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kServer, kAck, 1, 1, 1000);
  tap.window = 0;
  tap.send(21, kClient, kAck, 1, 1001);
  tap.send(22, kClient, kAck, 1, 1001);
  tap.window = 1000;
  tap.send(221, kServer, kAck, 1000, 1, 1);   // a probe of the window
  tap.send(621, kServer, kAck, 1001, 1, 1);   // of those that bear a new byte …
  tap.send(1421, kServer, kAck, 1001, 1, 1);  // … each time the same
  EXPECT_EQ(tap.server().retransmissions, 0U);
  tap.send(1500, kClient, kAck, 1, 1002);
  tap.window = 0;
  tap.send(1600, kClient, kAck, 1, 1002);
  EXPECT_EQ(tap.client().zero_windows, 2U);
  EXPECT_EQ(tap.server().zero_windows, 0U);
}

TEST(TcpHealth, AResetClosesNoWindow) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.window = 0;
  tap.send(20, kClient, kRst | kAck, 1, 1);
  EXPECT_EQ(tap.client().zero_windows, 0U);
  EXPECT_EQ(tap.client().resets, 1U);
}

TEST(TcpHealth, ASecondCopyByTheMirrorIsNoRetransmission) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kServer, kAck, 1, 1, 1000);
  tap.send(20.05, kServer, kAck, 1, 1, 1000);
  EXPECT_EQ(tap.server().retransmissions, 0U);
}

TEST(TcpHealth, NumbersWrap) {
  Tap tap(0xffff'ff00U, 0xffff'fff0U);
  tap.rebase(0xffff'f000U);  // and so does the clock
  tap.shake_hands(10, 1);
  tap.send(20, kServer, kAck, 1, 1, 1448);
  tap.send(20, kServer, kAck, 1449, 1, 1448);
  tap.send(24, kClient, kAck, 1, 2897);
  EXPECT_EQ(tap.client().round_trips.micros, 1'000U + 4'000U);
  tap.send(30, kClient, kAck, 1, 2897, 1000);
  tap.send(31, kClient, kAck, 1001, 2897, 1000);
  EXPECT_EQ(tap.client().retransmissions + tap.server().retransmissions, 0U);
  tap.send(240, kClient, kAck, 1, 2897, 1000);
  EXPECT_EQ(tap.client().retransmissions, 1U);
}

TEST(TcpHealth, BegunInTheMiddleItIsFollowedFromThere) {
  Tap tap;
  tap.send(0, kServer, kAck, 70'000, 400, 1448);
  tap.send(1, kClient, kAck, 400, 70'000);
  tap.send(2, kServer, kAck, 71'448, 400, 1448);
  tap.send(2, kServer, kAck, 72'896, 400, 1448);
  tap.send(7, kClient, kAck, 400, 74'344);
  EXPECT_EQ(tap.client().round_trips.micros, 5'000U);  // port 443 was asked
  EXPECT_EQ(tap.server().retransmissions, 0U);
}

TEST(TcpHealth, AnotherSynOnTheSamePortsIsAnotherConnection) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kClient, kFin | kAck, 1, 1);
  tap.send(5'000, kClient, kSyn, 77'000, -1);
  tap.send(5'010, kServer, kSyn | kAck, 90'000, 77'001);
  tap.send(5'012, kClient, kAck, 77'001, 90'001);
  EXPECT_EQ(tap.client().retransmissions + tap.server().retransmissions, 0U);
  EXPECT_EQ(tap.server().round_trips.micros, 20'000U);
  EXPECT_EQ(Tap::samples(tap.server()), 2U);
}

TEST(TcpHealth, AJumpBeyondEveryWindowCountsNothing) {
  Tap tap;
  tap.send(0, kServer, kAck, 1, 1, 1000);
  tap.send(1, kServer, kAck, 1 + (1LL << 30) + 5000, 1, 1000);
  tap.send(2, kServer, kAck, 1001 + (1LL << 30) + 5000, 1, 1000);
  EXPECT_EQ(tap.server().retransmissions + tap.server().out_of_order, 0U);
}

TEST(TcpHealth, ARepeatedFinIsARetransmission) {
  Tap tap;
  tap.shake_hands(10, 1);
  tap.send(20, kClient, kFin | kAck, 1, 1);
  tap.send(240, kClient, kFin | kAck, 1, 1);
  EXPECT_EQ(tap.client().retransmissions, 1U);
}

// Hostile segments of any kind: no crash, no time that cannot be, no more events than segments.
TEST(TcpHealth, StandsAnything) {
  EXPECT_TRUE(rc::check([] {
    Tap tap;
    const int count = *rc::gen::inRange(1, 200);
    double ms = 0;
    for (int i = 0; i < count; ++i) {
      tap.window = *rc::gen::arbitrary<std::uint16_t>();
      tap.stamps = *rc::gen::arbitrary<bool>();
      tap.ts_value = *rc::gen::arbitrary<std::uint32_t>();
      tap.ts_echo = *rc::gen::arbitrary<std::uint32_t>();
      ms += *rc::gen::inRange(0, 100'000) / 10.0;
      tap.send(ms, *rc::gen::inRange(0U, 2U), *rc::gen::arbitrary<std::uint8_t>(),
               *rc::gen::element<std::int64_t>(0, 1, 2, 1000, 1'000'000, 1LL << 31),
               *rc::gen::element<std::int64_t>(0, 1, 2, 1000, 1'000'000, 1LL << 31),
               *rc::gen::element<std::uint32_t>(0, 1, 1000, 0xffff'ffffU));
    }
    std::uint64_t events = tap.pair.unanswered;
    for (const TcpSide& side : tap.pair.sides) {
      events += side.retransmissions + side.out_of_order;
      RC_ASSERT(side.round_trips.micros <= Tap::samples(side) * 10'000'000U);
    }
    RC_ASSERT(events <= static_cast<std::uint64_t>(count));
  }));
}

}  // namespace
}  // namespace itnxt::pcap
