// The walk of profiles against devices that keep the rules and such as do not.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "tests/collectors/snmp/profile_agent.hpp"

namespace itnxt::snmp {
namespace {

using itnxt::test::Recording;
using test::Bytes;

// A table of two columns, a scalar, one metric of each.
Profile small_profile() {
  Profile profile;
  profile.name = "p";
  profile.match.present = {1, 3, 6, 1, 9, 1};
  ProfileTable scalars;
  scalars.columns = {{"total", {1, 3, 6, 1, 9, 2, 0}, {}, {}}};
  ProfileTable table;
  table.name = "t";
  table.index = {{"i", IndexType::integer}};
  table.columns = {{"name", {1, 3, 6, 1, 9, 1, 1, 2}, {}, {}},
                   {"value", {1, 3, 6, 1, 9, 1, 1, 3}, {}, {}}};
  profile.tables = {scalars, table};
  ProfileMetric total;
  total.family = {"itnxt_t_total", SeriesType::counter, "Total.", {}, {}};
  total.value = ColumnRef{0, 0};
  ProfileMetric value;
  value.family = {"itnxt_t_value", SeriesType::gauge, "Value.", {"name"}, {}};
  value.table = 1;
  value.value = ColumnRef{1, 1};
  ProfileLabel label;
  label.name = "name";
  label.from = {{ColumnRef{1, 0}, 0}, {std::nullopt, 0}};
  value.labels = {label};
  profile.metrics = {total, value};
  return profile;
}

Recording small_device(int rows) {
  Recording device;
  device.add("1.3.6.1.9.2.0", "65", "17");
  for (int i = 1; i <= rows; ++i) {
    device.add("1.3.6.1.9.1.1.2." + std::to_string(i), "4", "n" + std::to_string(i));
    device.add("1.3.6.1.9.1.1.3." + std::to_string(i), "66", std::to_string(100 + i));
  }
  device.add("1.3.6.1.9.3.0", "2", "1");  // what stands behind
  return device;
}

class OneProfile : public ::testing::Test {
 protected:
  std::vector<Profile> profiles{small_profile()};
  ProfilePolls polls{profiles, 60s};
  DeviceSample poll;
  test::DrivenProfiles run(const test::Agent& agent, Instant now = {},
                           std::uint16_t max_varbinds = 100) {
    return test::drive(polls, poll, agent, now, max_varbinds);
  }
};

TEST_F(OneProfile, BecomesFamilies) {
  const auto driven = run(test::serve(small_device(2), 100));
  EXPECT_EQ(driven.problem, "");
  EXPECT_EQ(test::lines(driven.samples),
            "itnxt_t_total{} 17\n"
            "itnxt_t_value{name=n1} 101\n"
            "itnxt_t_value{name=n2} 102\n");
  ASSERT_EQ(driven.samples.size(), 1U);
  EXPECT_EQ(driven.samples[0].source, "p");
  EXPECT_EQ(driven.samples[0].interval, 60s);
  EXPECT_EQ(driven.requests, 3U);  // whether it is there, the scalar, the table
}

TEST_F(OneProfile, AFamilyWithoutRowsIsToldToo) {
  Recording device = small_device(0);
  device.add("1.3.6.1.9.1.1.9.1", "2", "1");
  const auto driven = run(test::serve(device, 100));
  ASSERT_EQ(driven.samples.size(), 1U);
  ASSERT_EQ(driven.samples[0].families.size(), 2U);
  EXPECT_EQ(test::lines(driven.samples), "itnxt_t_total{} 17\n");
}

TEST_F(OneProfile, IsNotAskedOfADeviceThatHasNothingThere) {
  Recording device;
  device.add("1.3.6.1.9.3.0", "2", "1");
  EXPECT_EQ(run(test::serve(device, 100)).requests, 1U);
  EXPECT_EQ(run(test::serve(device, 100), Instant(59min)).requests, 0U);
  const auto driven = run(test::serve(small_device(1), 100), Instant(1h));
  EXPECT_EQ(driven.requests, 3U);
}

TEST_F(OneProfile, ARestartAsksAgain) {
  Recording device;
  device.add("1.3.6.1.9.3.0", "2", "1");
  poll.uptime = TimeTicks{500'000};
  EXPECT_EQ(run(test::serve(device, 100)).requests, 1U);
  poll.uptime = TimeTicks{1000};
  EXPECT_EQ(run(test::serve(device, 100), Instant(60s)).requests, 1U);
}

TEST_F(OneProfile, IsChosenBySysObjectId) {
  profiles[0].match = {{{1, 3, 6, 1, 4, 1, 9}}, {}, {}};
  poll.sys_object_id = "1.3.6.1.4.1.99.1";  // begins with the digits, not with the numbers
  EXPECT_EQ(run(test::serve(small_device(1), 100)).requests, 0U);
  poll.sys_object_id = "1.3.6.1.4.1.9.1.516";
  EXPECT_EQ(run(test::serve(small_device(1), 100)).requests, 2U);
}

TEST_F(OneProfile, StandsBackWhereSomethingElseIs) {
  profiles[0].match.absent = {1, 3, 6, 1, 9, 3};
  EXPECT_EQ(run(test::serve(small_device(1), 100)).samples.size(), 0U);
}

TEST_F(OneProfile, KeepsItsOwnInterval) {
  profiles[0].interval = 5min;
  std::string polled;
  for (int minute = 0; minute < 11; ++minute) {
    const auto driven = run(test::serve(small_device(1), 100), Instant(minute * 60s + 3s));
    polled += driven.samples.empty() ? '.' : 'x';
    if (!driven.samples.empty()) {
      EXPECT_EQ(driven.samples[0].interval, 5min);
    }
  }
  EXPECT_EQ(polled, "x....x....x");
}

TEST_F(OneProfile, NamesOfInterfacesAreNotAskedTwice) {
  profiles[0].tables[1].columns[0].oid = {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1};  // ifName
  poll.interfaces.resize(1);
  poll.interfaces[0].if_index = 2;
  poll.interfaces[0].if_name = "Te0/2";
  const auto driven = run(test::serve(small_device(2), 100));
  EXPECT_EQ(test::lines(driven.samples),
            "itnxt_t_total{} 17\n"
            "itnxt_t_value{name=i 1} 101\n"
            "itnxt_t_value{name=Te0/2} 102\n");
}

// --- devices that break the rules ----------------------------------------------------------------

// Answers the nth request (from 0) by `odd`, all others as the recording does.
test::Agent spoilt(const Recording& device, int nth, std::function<Bytes(ByteView)> odd) {
  return [=, n = 0](ByteView request) mutable {
    return n++ == nth ? odd(request) : device.answer(request, 100);
  };
}

TEST_F(OneProfile, AnEmptyReplyEndsItAndSaysNothing) {
  const Recording device = small_device(2);
  const auto driven = run(spoilt(device, 2, [&](ByteView r) { return device.answer(r, 0); }));
  EXPECT_EQ(driven.problem, "p: the device answers a GETBULK with an empty reply");
  EXPECT_TRUE(driven.samples.empty());
}

TEST_F(OneProfile, OidsThatDoNotIncreaseEndTheirColumn) {
  const Recording device = small_device(30);
  // Every GETBULK is answered as the first of the table was.
  std::optional<Bytes> first;
  int n = 0;
  const auto driven = run([&](ByteView request) {
    const Bytes reply = device.answer(request, 10);
    if (++n <= 2) return reply;
    if (!first) first = reply;
    return *first;
  });
  EXPECT_EQ(
      driven.problem,
      "p: t.name: OIDs do not increase after row 5; the walk of this column stopped; t.value: "
      "OIDs do not increase after row 5; the walk of this column stopped");
  ASSERT_EQ(driven.samples.size(), 1U);
  EXPECT_TRUE(driven.samples[0].partial);
  EXPECT_EQ(test::lines(driven.samples), "itnxt_t_total{} 17\n");  // names are not sure
}

TEST_F(OneProfile, AColumnThatIsRefusedIsLeftOut) {
  const auto driven =
      run(spoilt(small_device(2), 2, [](ByteView r) { return test::error(r, 5, 2); }));
  EXPECT_EQ(driven.problem,
            "p: t.value: the device answers genErr at its start; the walk of this column stopped");
  ASSERT_EQ(driven.samples.size(), 1U);
  EXPECT_TRUE(driven.samples[0].partial);
  EXPECT_EQ(test::lines(driven.samples), "itnxt_t_total{} 17\n");
}

TEST_F(OneProfile, NoSuchNameIsJustNotThere) {
  const auto driven =
      run(spoilt(small_device(2), 1, [](ByteView r) { return test::error(r, 2, 1); }));
  EXPECT_EQ(driven.problem, "");
  EXPECT_EQ(test::lines(driven.samples),
            "itnxt_t_value{name=n1} 101\nitnxt_t_value{name=n2} 102\n");
}

TEST_F(OneProfile, TooBigAsksForLess) {
  const Recording device = small_device(40);
  const auto driven = run([&](ByteView request) {
    const Message message = std::get<Message>(decode(request));
    const bool bulk = message.type == PduType::get_bulk;
    if (bulk && message.error_index * message.varbind_count > 6) return test::error(request, 1, 0);
    return device.answer(request, 100);
  });
  EXPECT_EQ(driven.problem, "");
  EXPECT_EQ(driven.samples.at(0).families.at(1).rows.size(), 40U);
}

TEST_F(OneProfile, SilenceIsTriedAgainAndThenGivenUp) {
  const Recording device = small_device(2);
  auto driven = run(spoilt(device, 2, [](ByteView) { return Bytes{}; }));
  EXPECT_EQ(driven.problem, "");
  EXPECT_EQ(driven.samples.size(), 1U);
  int n = 0;
  driven =
      run([&](ByteView r) { return ++n <= 1 ? device.answer(r, 100) : Bytes{}; }, Instant(60s));
  EXPECT_EQ(driven.problem, "p: stopped answering: 3 tries without a reply");
  EXPECT_TRUE(driven.samples.empty());
  EXPECT_EQ(run(test::serve(device, 100), Instant(120s)).samples.size(), 1U);
}

// Somebody has heard that something is wrong: what was read a moment ago may be wrong, too.
TEST_F(OneProfile, IsReadBeforeItIsDueWhereAllAre) {
  const Recording device = small_device(2);
  EXPECT_EQ(run(test::serve(device, 100)).samples.size(), 1U);
  polls.begin(poll, {}, 100, Instant(1s));
  EXPECT_TRUE(polls.done());
  polls.begin(poll, {}, 100, Instant(1s), true);
  ASSERT_FALSE(polls.done());
  polls.expire(60s);
}

TEST_F(OneProfile, EndsWithItsInterval) {
  polls.begin(poll, {}, 100, Instant(1h));
  ASSERT_FALSE(polls.done());
  polls.expire(60s);
  EXPECT_TRUE(polls.done());
  EXPECT_EQ(polls.finish().problem,
            "p: did not end within the interval of 1m; raise 'interval' of the collector");
}

// A device whose tables never end, one new row after the other.
Bytes endless(ByteView request) {
  const Message message = std::get<Message>(decode(request));
  std::vector<Recording::Arcs> oids;
  for (Varbinds varbinds = message.begin();;) {
    const auto varbind = varbinds.next();
    if (!varbind) break;
    oids.push_back(itnxt::test::arcs_of(dotted(varbind->oid)));
  }
  Bytes out(65'000);
  itnxt::test::ReplyWriter reply(out);
  reply.begin(message.community, message.request_id);
  const Bytes one = {1};
  const auto rounds = message.type == PduType::get ? 1 : message.error_index;
  for (std::int64_t n = 0; n < rounds; ++n) {
    for (Recording::Arcs& oid : oids) {
      if (oid.size() < 9) oid.push_back(0);
      ++oid.back();
      reply.varbind(itnxt::test::encode_oid(oid), 0x42, one);
    }
  }
  out.resize(reply.finish());
  return out;
}

TEST_F(OneProfile, AnEndlessTableIsBounded) {
  const auto driven = run(endless);
  EXPECT_EQ(driven.problem,
            "p: t.name: more than 4096 rows after row 4097; the walk of this column stopped; "
            "t.value: more than 4096 rows after row 4097; the walk of this column stopped");
  EXPECT_LT(driven.requests, 1000U);
  EXPECT_TRUE(driven.samples.at(0).partial);
}

// Whatever holes the columns have and however little a reply holds: every cell comes out.
RC_GTEST_PROP(AnyTable, ComesOutAsItIs, ()) {
  std::vector<Profile> profiles{small_profile()};
  profiles[0].match.present = {1, 3, 6, 1};
  profiles[0].metrics.resize(2);
  const auto names = *rc::gen::container<std::set<std::uint32_t>>(rc::gen::inRange(1U, 400U));
  const auto values = *rc::gen::container<std::map<std::uint32_t, std::uint32_t>>(
      rc::gen::inRange(1U, 400U), rc::gen::arbitrary<std::uint32_t>());
  Recording device;
  device.add("1.3.6.1.9.3.0", "2", "1");
  std::string expected;
  for (const std::uint32_t i : names) {
    device.add("1.3.6.1.9.1.1.2." + std::to_string(i), "4", "n" + std::to_string(i));
  }
  for (const auto& [i, value] : values) {
    device.add("1.3.6.1.9.1.1.3." + std::to_string(i), "66", std::to_string(value));
    expected += "itnxt_t_value{name=" + std::string(names.contains(i) ? "n" : "i ") +
                std::to_string(i) + "} " + std::to_string(value) + '\n';
  }
  ProfilePolls polls(profiles, 60s);
  const auto driven =
      test::drive(polls, {}, test::serve(device, *rc::gen::inRange<std::size_t>(1, 60)), {},
                  static_cast<std::uint16_t>(*rc::gen::inRange(1, 101)));
  RC_ASSERT(driven.problem == "");
  RC_ASSERT(test::lines(driven.samples) == expected);
}

// A request that ended is another one: a late reply must not be taken for it.
TEST_F(OneProfile, EachRequestHasItsNumber) {
  polls.begin(poll, {}, 100, Instant{});
  const std::uint32_t first = polls.request_number();
  polls.timed_out();
  EXPECT_NE(polls.request_number(), first);
}

}  // namespace
}  // namespace itnxt::snmp
