// The way of events on the real loop and a real disk: taken, in effect, stored, acknowledged.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <numeric>

#include "tests/io/journal_world.hpp"

namespace itnxt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Journal, AcknowledgesWhatIsStoredAndKnowsItAgainAfterARestart) {
  JournalWorld world;
  world.open();
  const auto taken = world.take(batch(1, 3));
  EXPECT_EQ(std::get<EventIntake::Taken>(taken).first, 0U);
  EXPECT_THAT(world.seen, ElementsAre(1, 2, 3)) << "before anything is on the disk";
  EXPECT_THAT(world.shown(), ElementsAre(3, 2, 1));
  run_for(world.loop, 20ms);
  EXPECT_THAT(world.acked, IsEmpty()) << "its effect is not stored";
  world.store();
  ASSERT_TRUE(world.wait_ack(3));
  EXPECT_THAT(world.acked, ElementsAre(3));
  world.open();
  EXPECT_THAT(world.shown(), ElementsAre(3, 2, 1));
  const auto again = world.take(batch(2, 4));
  EXPECT_EQ(std::get<EventIntake::Taken>(again).first, 2U);
  EXPECT_THAT(world.acked, ElementsAre(3, 3)) << "at once, for what is stored";
  world.store();
  ASSERT_TRUE(world.wait_ack(5));
  EXPECT_THAT(world.shown(), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(world.log.lines, IsEmpty());
}

TEST(Journal, KeepsAllOfAnEvent) {
  JournalWorld world;
  world.open();
  EventBatch sent = batch(1, 1);
  Event plain;
  plain.sequence = 2;
  plain.kind = "device_silent";
  plain.device = DeviceName("r2");
  plain.answers = false;
  sent.events.push_back(plain);
  (void)world.take(sent);
  world.store();
  ASSERT_TRUE(world.wait_ack(2));
  world.open();
  const auto events = world.recent->newest(10);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1]->event, event(1));
  EXPECT_EQ(events[0]->event, plain);
  EXPECT_EQ(events[0]->node, NodeName("node"));
  EXPECT_EQ(events[0]->collector, CollectorName("traps"));
  EXPECT_EQ(events[0]->epoch, 0xFFFFFFFFFFFFFFF1U);
  EXPECT_GT(events[0]->id, events[1]->id);
  EXPECT_NE(events[0]->taken, WallTime{});
  struct stat info {};
  ASSERT_EQ(::stat((world.state + "/events.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Journal, WhatWasTakenAndNotStoredIsTakenAgainAfterAKill) {
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 2));
  world.open();  // never handed to the journal
  EXPECT_THAT(world.shown(), IsEmpty());
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(batch(1, 2))).first, 0U);
  world.store();
  ASSERT_TRUE(world.wait_ack(2));
  EXPECT_THAT(world.shown(), ElementsAre(2, 1));
}

TEST(Journal, OneThatComesAgainBeforeItIsStoredIsAcknowledgedWhenItIs) {
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 2));
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(batch(1, 2))).first, 2U);
  EXPECT_THAT(world.acked, IsEmpty());
  world.store();
  ASSERT_TRUE(world.wait_ack(2));
  EXPECT_THAT(world.seen, ElementsAre(1, 2));
}

TEST(Journal, TellsWhatWillNeverComeAtABoundedRate) {
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 2));
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(batch(6, 1))).missing, 3U);
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(batch(9, 1))).missing, 2U);
  EXPECT_THAT(world.log.lines,
              ElementsAre("level=warning msg=\"events of a collector will never come: its disk was "
                          "full or its file of events is gone\" node=node collector=traps "
                          "missing=3 before=6 unsaid=0"));
}

TEST(Journal, AFullDiskLeavesThemInEffectAndUnacknowledgedUntilThereIsRoom) {
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 1));
  world.store();
  ASSERT_TRUE(world.wait_ack(1));
  auto small = world.options();
  small.max_pages = 8;
  world.open(small);
  EventBatch large = batch(2, 1000);
  (void)world.take(large);
  EXPECT_EQ(world.seen.size(), 1001U);
  world.store();
  ASSERT_TRUE(run_until(world.loop, [&] { return !world.intake->problem().empty(); }));
  EXPECT_THAT(world.acked, ElementsAre(1));
  EXPECT_EQ(world.intake->problem(),
            "cannot write " + world.state + "/events.db: database or disk is full");
  EXPECT_EQ(world.problems, 1);
  EXPECT_THAT(
      world.log.lines,
      ElementsAre("level=error msg=\"the journal of events cannot be written: they take effect, "
                  "but their collectors must keep them until it can; make room or mend the disk\" "
                  "problem=\"cannot write " +
                  world.state + "/events.db: database or disk is full\""));
  world.open();  // as much room as there is
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(large)).first, 0U);
  world.store();
  ASSERT_TRUE(world.wait_ack(1001));
}

TEST(Journal, ADiskThatHangsBoundsWhatIsTaken) {
  JournalWorld world;
  auto gate = std::make_shared<std::promise<void>>();
  auto with = world.options();
  with.before_write = [opened = gate->get_future().share()] { opened.wait(); };
  world.open(with);
  EventBatch large = batch(1, 1000);
  for (Event& one : large.events) one.text = std::string(512, 'x');
  std::uint64_t first = 1;
  while (first < 1'000'000) {
    for (std::size_t i = 0; i < large.events.size(); ++i) large.events[i].sequence = first + i;
    const auto taken = world.take(large);
    world.store();
    if (const auto* refusing = std::get_if<wire::Refusing>(&taken)) {
      EXPECT_EQ(refusing->reason, "storage");
      EXPECT_EQ(refusing->message,
                "the aggregator's disk does not keep up with events; they are not taken until it "
                "does");
      break;
    }
    first += 1000;
  }
  EXPECT_LT(first, 10'000U);
  EXPECT_TRUE(std::holds_alternative<EventIntake::Taken>(world.take(batch(1, 1, "other"))))
      << "one lane does not shut out the others";
  gate->set_value();
  ASSERT_TRUE(world.wait_ack(first - 1) || world.wait_ack(1));
}

TEST(Journal, ItsOwnEventsGoOnWhereTheyWere) {
  JournalWorld world;
  world.open();
  world.intake->note(event(0, "collector_refused"));
  world.intake->note(event(0, "collector_refused"));
  world.store();
  ASSERT_TRUE(run_until(world.loop, [&] { return !world.intake->has_unstored(); }));
  world.open();
  world.intake->note(event(0, "collector_refused"));
  const auto events = world.recent->newest(10);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0]->event.sequence, 3U);
  EXPECT_EQ(events[0]->node, NodeName("center"));
  EXPECT_TRUE(events[0]->collector.empty());
}

TEST(Journal, ADamagedFileIsSetAsideLoudly) {
  JournalWorld world;
  std::filesystem::create_directories(world.state);
  ASSERT_EQ(::chmod(world.state.c_str(), 0700), 0);
  std::ofstream(world.state + "/events.db") << std::string(8192, 'x');
  world.open();
  ASSERT_EQ(world.log.lines.size(), 1U);
  EXPECT_THAT(world.log.lines[0],
              StartsWith("level=error msg=\"the journal of events was damaged and is begun anew: "
                         "what it held is in the file beside it\" moved_to=" +
                         world.state + "/events.db.corrupt-"));
  (void)world.take(batch(1, 1));
  world.store();
  ASSERT_TRUE(world.wait_ack(1));
}

TEST(Journal, TheOldestGoWhenThereAreTooManyOrTheyAreTooOld) {
  JournalWorld world;
  auto with = world.options();
  with.most_events = 10;
  world.open(with);
  (void)world.take(batch(1, 30));
  world.store();
  ASSERT_TRUE(world.wait_ack(30));
  world.open(with);
  EXPECT_THAT(world.shown(), ElementsAre(30, 29, 28, 27, 26, 25, 24, 23, 22, 21));
  EXPECT_EQ(std::get<EventIntake::Taken>(world.take(batch(1, 30))).first, 30U)
      << "who went is known all the same";
  with.longest = -1h;  // all are older
  world.open(with);
  EXPECT_THAT(world.shown(), IsEmpty());
}

// They are evidence: kept, acknowledged, and marked, over a restart too.
TEST(Journal, WhatTheStateRefusedIsMarked) {
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 1));
  std::vector<std::size_t> from;
  const auto refuse = [&](std::size_t first) {
    from.push_back(first);
    return std::vector<std::size_t>{1, 3};
  };
  EventBatch sent = batch(1, 4);
  sent.events[2].details = {{"refused", "said the collector"}};
  sent.events[3].details.clear();
  (void)world.take(sent, refuse);
  (void)world.take(sent, refuse);
  EXPECT_THAT(from, ElementsAre(1)) << "nothing takes effect twice";
  const auto marked = [&] {
    std::vector<std::uint64_t> sequences;
    for (const auto& e : world.recent->newest(9)) {
      if (e->refused) sequences.push_back(e->event.sequence);
    }
    return sequences;
  };
  EXPECT_THAT(marked(), ElementsAre(4, 2));
  world.store();
  ASSERT_TRUE(world.wait_ack(4));
  world.open();
  EXPECT_THAT(marked(), ElementsAre(4, 2));
  const auto events = world.recent->newest(9);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[1]->event.details, sent.events[2].details);
  EXPECT_EQ(events[2]->event, sent.events[1]) << "the mark is none of its details";
}

void fill(RecentEvents& recent, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t id = first; id <= last; ++id) {
    auto one = std::make_shared<StoredEvent>();
    one->id = id;
    recent.add(std::move(one));
  }
}

TEST(RecentEvents, TheNewestComeFirstAndTheOldestGo) {
  RecentEvents recent;
  fill(recent, 1, RecentEvents::kMost + 5);
  EXPECT_EQ(recent.newest(RecentEvents::kMost * 2).size(), RecentEvents::kMost);
  const auto two = recent.newest(2);
  EXPECT_EQ(two[0]->id, RecentEvents::kMost + 5);
  EXPECT_EQ(two[1]->id, RecentEvents::kMost + 4);
}

// What comes between two pages is on the next one; nothing is on two, nothing on none.
TEST(RecentEvents, PagesForwardWithoutAGap) {
  RecentEvents recent;
  fill(recent, 11, 30);
  std::vector<std::uint64_t> read;
  std::uint64_t next = 0;
  bool more = true;
  for (std::uint64_t come = 31; more; come += 2) {
    const RecentEvents::Page page = recent.after(next, 7);
    EXPECT_LE(page.events.size(), 7U);
    EXPECT_FALSE(page.missed);
    for (const auto& event : page.events) read.push_back(event->id);
    next = read.back();
    more = page.more;
    if (come < 35) fill(recent, come, come + 1);
  }
  std::vector<std::uint64_t> all(24);
  std::iota(all.begin(), all.end(), 11U);
  EXPECT_EQ(read, all);
  EXPECT_TRUE(recent.after(34, 7).events.empty());
  EXPECT_FALSE(recent.after(34, 7).more);
}

TEST(RecentEvents, SaysWhereMemoryMayLackSome) {
  RecentEvents recent;
  fill(recent, 1, RecentEvents::kMost + 5);
  EXPECT_TRUE(recent.after(4, 10).missed);
  EXPECT_EQ(recent.after(4, 10).events.front()->id, 6U);
  EXPECT_FALSE(recent.after(5, 10).missed);
  EXPECT_FALSE(recent.after(0, 10).missed) << "0 asks for what there is";
  RecentEvents restored;  // the latest of a file that may hold more
  restored.add_older(recent.newest(1));
  EXPECT_TRUE(restored.after(RecentEvents::kMost, 10).missed);
  EXPECT_FALSE(restored.after(RecentEvents::kMost + 4, 10).missed);
}

// What was shown before a kill, and was not on the disk, comes again under another id: who pages by
// ids would leave out what got a number that it knows.
TEST(Journal, AnIdIsGivenOnce) {
  JournalWorld world;
  world.open();
  (void)world.take(batch(1, 5));
  const std::uint64_t shown = world.recent->newest(1).front()->id;
  bool later = false;
  const Timer turn = world.loop.after(1ms, [&] { later = true; });
  ASSERT_TRUE(run_until(world.loop, [&] { return later; }));
  world.open();  // nothing was stored
  (void)world.take(batch(1, 1));
  EXPECT_GT(world.recent->newest(1).front()->id, shown);
}

}  // namespace
}  // namespace itnxt::test
