// The lane of events over a FakeLoop and real files; restarts and full, slow and damaged disks.
#include "daemon/io/event_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const CollectorName kSnmp("snmp");

Event event(const std::string& text) {
  Event one;
  one.wall = WallTime(1s);
  one.kind = "interface_down";
  one.device = DeviceName("core");
  one.text = text;
  return one;
}

Memories memories(const EventLog& log) {
  return log.recall("device ", Recall::of_prefix);
}

class EventLogTest : public testing::Test {
 protected:
  EventLogOptions options(std::uint64_t run = 1) const {
    EventLogOptions made;
    made.node = NodeName("node");
    made.collector = kSnmp;
    made.endpoints = endpoints;
    made.run = run;
    if (!file.empty()) {
      made.file.directory = dir.path();
      made.file.name = "snmp.events";
    }
    return made;
  }
  // What was before is ended first, as its process would be.
  void start(EventLogOptions with) {
    stop();
    disk.emplace(loop);
    events.emplace(loop, log, *disk, std::move(with), [this] { ++ready; });
  }
  void stop() {
    disk.reset();
    events.reset();
  }
  void settle() {
    while (disk->under_way() > 0) ASSERT_TRUE(loop.deliver(20s));
  }
  void report(int first, int last) {
    for (int i = first; i <= last; ++i) events->report(event(std::to_string(i)));
  }
  // What goes out to an endpoint now; the disk has its time.
  std::optional<EventBatch> take(std::size_t endpoint = 0) {
    auto message = events->next(endpoint);
    if (!message) {
      settle();
      message = events->next(endpoint);
    }
    if (!message) return std::nullopt;
    events->sent(endpoint);
    auto batch = wire::decode_events(*message);
    EXPECT_TRUE(batch.ok()) << batch.error();
    return std::move(batch).value();
  }
  void ack(const EventBatch& batch, std::size_t endpoint = 0) {
    EXPECT_TRUE(events->acknowledge(endpoint, {kSnmp, batch.epoch, batch.events.back().sequence}));
  }
  static std::vector<std::string> texts(const std::optional<EventBatch>& batch) {
    std::vector<std::string> all;
    if (!batch) return all;
    for (const Event& one : batch->events) {
      all.push_back(std::to_string(one.sequence) + ":" + one.text);
    }
    return all;
  }

  test::FakeLoop loop;
  test::RecordingLog log;
  test::TempDir dir;
  std::string file = dir.path() + "/snmp.events.db";
  std::vector<std::string> endpoints = {"a"};
  int ready = 0;
  std::optional<EventLog> events;
  std::optional<Worker> disk;
};

// A collector finds the same at each of its starts; that is no news.
TEST_F(EventLogTest, WhatACollectorRemembersOutlivesIt) {
  start(options());
  events->remember("device a", "up");
  events->remember("device b", "up");
  events->remember("interface a", "up");
  events->remember("device c", "");  // nothing is no memory
  EXPECT_THAT(memories(*events),
              ElementsAre(std::pair("device a", "up"), std::pair("device b", "up")));
  loop.advance(1s);
  settle();
  start(options(2));
  EXPECT_THAT(memories(*events),
              ElementsAre(std::pair("device a", "up"), std::pair("device b", "up")));
  events->remember("device b", "");
  events->remember("device a", "down");
  report(1, 1);  // takes them along
  settle();
  start(options(3));
  EXPECT_THAT(memories(*events), ElementsAre(std::pair("device a", "down")));
  EXPECT_THAT(events->waiting(), 1U);
}

// Either the event and the memory of it, or neither: it is told once.
TEST_F(EventLogTest, AMemoryIsOnTheDiskWithTheEventBehindIt) {
  start(options());
  report(1, 1);  // a commit is under way
  events->remember("device a", "down");
  report(2, 2);
  settle();
  start(options(2));
  EXPECT_THAT(memories(*events), ElementsAre(std::pair("device a", "down")));
  EXPECT_EQ(events->waiting(), 2U);
}

TEST_F(EventLogTest, AStateIsToldWhenItIsAnotherAlsoOverARestart) {
  const auto see = [&](const std::string& target, bool up) {
    Event one = event(target + (up ? " is up" : " is down"));
    one.kind = up ? "target_reachable" : "target_unreachable";
    one.state = {target, up};
    events->report(one);
    settle();
  };
  start(options(1));
  see("a", true);  // as usual
  see("a", false);
  see("a", false);
  see("b", false);
  const auto first = take();
  EXPECT_THAT(texts(first), ElementsAre("1:a is down", "2:b is down"));
  ack(*first);
  loop.advance(1s);  // the cursors are written
  settle();
  start(options(2));
  see("a", false);
  see("b", true);  // that came about while nobody looked
  see("b", true);
  const auto second = take();
  EXPECT_THAT(texts(second), ElementsAre("3:b is up"));
  ack(*second);
  loop.advance(1s);
  settle();
  start(options(3));
  see("b", true);
  see("a", true);
  EXPECT_THAT(texts(take()), ElementsAre("4:a is up"));
}

// The process is killed between the commit and the answer to who told it.
TEST_F(EventLogTest, WhatComesAgainIsToldOnceAlsoOverAKill) {
  Event one = event("an inform");
  one.once = "its hash";
  start(options(1));
  int answers = 0;
  events->report(one, [&](EventFate) { ++answers; });
  settle();
  EXPECT_EQ(answers, 1);
  EXPECT_THAT(texts(take()), ElementsAre("1:an inform"));
  start(options(2));  // no word of the aggregator's has come
  events->report(one, [&](EventFate) { ++answers; });
  EXPECT_EQ(answers, 2) << "it is on the disk";
  const auto again = take();
  EXPECT_THAT(texts(again), ElementsAre("1:an inform"));
  ack(*again);
  loop.advance(1s);  // it goes from the disk
  settle();
  start(options(3));
  events->report(one, [&](EventFate) { ++answers; });
  EXPECT_EQ(answers, 3);
  EXPECT_EQ(take(), std::nullopt);
}

TEST_F(EventLogTest, WhatWasToldWhileTheDiskWasFullIsKnownAfterwards) {
  EventLogOptions full = options();
  full.file.max_pages = 1;
  start(full);
  Event one = event("down");
  one.state = {"a"};
  events->report(one);
  settle();
  EXPECT_FALSE(events->durable());
  events->report(one);  // no news in memory either
  EXPECT_EQ(events->waiting(), 1U);
}

TEST_F(EventLogTest, AnEventIsOnTheDiskBeforeItIsSent) {
  start(options());
  report(1, 1);
  EXPECT_FALSE(events->next(0).has_value());
  report(2, 3);  // gather while the first is written
  settle();
  EXPECT_TRUE(events->durable());
  EXPECT_GT(ready, 0);
  const auto batch = take();
  EXPECT_THAT(texts(batch), ElementsAre("1:1", "2:2", "3:3"));
  EXPECT_EQ(batch->events.front().run, 1U);
  EXPECT_FALSE(events->next(0).has_value());  // one message at a time
  ack(*batch);
  EXPECT_EQ(events->waiting(), 0U);
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(EventLogTest, NumbersGoOnWhenEverythingWasDelivered) {
  start(options(1));
  report(1, 2);
  const auto before = take();
  ack(*before);
  loop.advance(1s);  // the cursors are written
  settle();
  start(options(2));
  EXPECT_EQ(events->waiting(), 0U);
  report(3, 3);
  const auto after = take();
  EXPECT_THAT(texts(after), ElementsAre("3:3"));
  EXPECT_EQ(after->epoch, before->epoch);
  EXPECT_EQ(after->events.front().run, 2U);
}

TEST_F(EventLogTest, WhatIsUndeliveredIsSentByTheNextProcess) {
  start(options());
  report(1, 3);
  const auto batch = take();
  EXPECT_TRUE(events->acknowledge(0, {kSnmp, batch->epoch, 1}));
  loop.advance(1s);
  settle();
  start(options(2));
  report(4, 4);
  settle();
  EXPECT_THAT(texts(take()), ElementsAre("2:2", "3:3", "4:4"));
}

TEST_F(EventLogTest, EachEndpointHasItsOwnCursorAndANewOneGetsWhatIsThere) {
  endpoints = {"a", "b"};
  start(options());
  report(1, 2);
  const auto batch = take(0);
  ack(*batch, 0);
  EXPECT_EQ(events->waiting(), 2U);
  EXPECT_THAT(texts(take(1)), ElementsAre("1:1", "2:2"));
  loop.advance(1s);
  settle();
  endpoints = {"c", "b", "a"};
  start(options(2));
  EXPECT_THAT(texts(take(0)), ElementsAre("1:1", "2:2"));
  EXPECT_THAT(texts(take(1)), ElementsAre("1:1", "2:2"));
  EXPECT_THAT(texts(take(2)), IsEmpty());
}

TEST_F(EventLogTest, AnAckOfSomethingElseIsNone) {
  start(options());
  report(1, 2);
  settle();
  EXPECT_FALSE(events->acknowledge(0, {kSnmp, 1, 1}));  // nothing is in flight
  const auto batch = take();
  EXPECT_FALSE(events->acknowledge(0, {kSnmp, batch->epoch, 3}));
  EXPECT_FALSE(events->acknowledge(0, {kSnmp, batch->epoch, 0}));
  EXPECT_FALSE(events->acknowledge(0, {kSnmp, batch->epoch + 1, 2}));
  EXPECT_FALSE(events->acknowledge(0, {CollectorName("tap"), batch->epoch, 2}));
  EXPECT_TRUE(events->acknowledge(0, {kSnmp, batch->epoch, 1}));
  EXPECT_FALSE(events->acknowledge(0, {kSnmp, batch->epoch, 1}));
  EXPECT_TRUE(events->acknowledge(0, {kSnmp, batch->epoch, 2}));
}

TEST_F(EventLogTest, WhatIsNotInMemoryIsReadBack) {
  start(options());
  for (int i = 1; i <= 4000; ++i) events->report(event(std::string(500, 'x')));
  settle();
  std::uint64_t next = 1;
  while (events->waiting() > 0) {
    const auto batch = take();
    ASSERT_TRUE(batch.has_value());
    for (const Event& one : batch->events) ASSERT_EQ(one.sequence, next++);
    ack(*batch);
  }
  EXPECT_EQ(next, 4001U);
  EXPECT_EQ(events->lost(), 0U);
}

TEST_F(EventLogTest, BeyondTheBoundTheOldestLeaveAHoleInTheNumbers) {
  EventLogOptions small = options();
  small.most_events = 3;
  start(small);
  report(1, 2);
  const auto first = take();
  report(3, 7);
  settle();
  EXPECT_EQ(events->lost(), 4U);
  EXPECT_FALSE(events->acknowledge(0, {kSnmp, first->epoch, 2}));  // dropped meanwhile
  EXPECT_THAT(texts(take()), ElementsAre("5:5", "6:6", "7:7"));
  loop.advance(1s);
  EXPECT_THAT(log.lines,
              ElementsAre("level=warning msg=\"undelivered events were dropped, the oldest first; "
                          "bring the aggregator back, or mend the disk\" collector=snmp "
                          "lost_events=4 lost_events_total=4"));
  start(options(2));
  EXPECT_THAT(texts(take()), ElementsAre("5:5", "6:6", "7:7"));
}

// The numbers of what no file holds are of another epoch; with room again they are on the disk.
TEST_F(EventLogTest, AFullDiskStopsNoEvent) {
  start(options());
  report(1, 1);
  const auto before = take();
  ack(*before);
  loop.advance(1s);
  settle();
  EventLogOptions tight = options(2);
  tight.file.max_pages = 7;
  start(tight);
  for (int i = 2; i <= 40; ++i) events->report(event(std::string(400, 'x')));
  settle();
  EXPECT_FALSE(events->durable());
  const auto from_disk = take();  // the first of them was alone in its commit
  EXPECT_EQ(from_disk->epoch, before->epoch);
  EXPECT_EQ(from_disk->events.back().sequence, 2U);
  ack(*from_disk);
  const auto from_memory = take();
  ASSERT_TRUE(from_memory.has_value());
  EXPECT_NE(from_memory->epoch, before->epoch);
  EXPECT_EQ(from_memory->events.front().sequence, 1U);
  EXPECT_EQ(from_memory->events.size(), 38U);
  ack(*from_memory);
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"events cannot be kept on the disk: they are sent from "
                          "memory, and what is undelivered when this process ends is lost; make "
                          "room or mend the disk\" collector=snmp problem=\"cannot write " +
                          file + ": database or disk is full\""));
  loop.advance(5s);
  settle();
  EXPECT_THAT(log.lines.back(), HasSubstr("events are kept on the disk again"));
  report(41, 41);
  settle();
  EXPECT_TRUE(events->durable());
  start(options(3));
  const auto after = take();
  EXPECT_THAT(texts(after), ElementsAre("39:41"));
  EXPECT_EQ(after->epoch, from_memory->epoch);
}

TEST_F(EventLogTest, ADiskThatHangsHoldsNoEventBack) {
  std::promise<void> mended;
  EventLogOptions slow = options();
  slow.file.before_write = [wait = mended.get_future().share()] { wait.wait(); };
  start(slow);
  report(1, 2);
  EXPECT_FALSE(events->next(0).has_value());
  loop.advance(2s);
  const auto message = events->next(0);
  ASSERT_TRUE(message.has_value());
  const auto batch = wire::decode_events(*message);
  EXPECT_THAT(texts(*batch), ElementsAre("1:1", "2:2"));
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("problem=\"the disk of " + file +
                                               " has not answered for 2s\"")));
  mended.set_value();
  settle();
  EXPECT_TRUE(events->durable());
  start(options(2));
  const auto after = take();
  EXPECT_THAT(texts(after), ElementsAre("1:1", "2:2"));
  EXPECT_EQ(after->epoch, batch->epoch);  // not the number under which the disk had them first
}

TEST_F(EventLogTest, WhoAnswersForAnEventHearsWhenItIsOnTheDisk) {
  std::vector<std::string> kept;
  const auto report_kept = [&](const std::string& text) {
    events->report(event(text), [&kept, text](EventFate fate) {
      kept.push_back(fate == EventFate::kept ? text : text + " dropped");
    });
  };
  std::promise<void> mended;
  EventLogOptions slow = options();
  slow.file.before_write = [wait = mended.get_future().share()] { wait.wait(); };
  start(slow);
  report_kept("1");
  report_kept("2");
  EXPECT_THAT(kept, IsEmpty());
  mended.set_value();
  settle();
  EXPECT_THAT(kept, ElementsAre("1", "2"));
  report_kept("3");
  settle();
  EXPECT_EQ(kept.size(), 3U) << "once";
}

TEST_F(EventLogTest, WhoAnswersForAnEventIsNotLeftWaitingByADiskThatHangs) {
  int kept = 0;
  std::promise<void> mended;
  EventLogOptions slow = options();
  slow.file.before_write = [wait = mended.get_future().share()] { wait.wait(); };
  start(slow);
  const auto count = [&](EventFate fate) { kept += fate == EventFate::kept ? 1 : 0; };
  events->report(event("1"), count);
  loop.advance(slow.patience);
  EXPECT_EQ(kept, 1) << "it is in memory, and nothing better is to be had";
  events->report(event("2"), count);
  EXPECT_EQ(kept, 2);
  mended.set_value();
  settle();
}

TEST_F(EventLogTest, WhoAnswersForAnEventThatIsDroppedHearsAtOnce) {
  std::vector<std::string> fates;
  const auto inform = [&](const std::string& text, std::size_t size = 0) {
    Event one = event(text);
    one.once = "inform " + text;
    one.text.append(size, '.');
    events->report(std::move(one), [&fates, text](EventFate fate) {
      fates.push_back(text + (fate == EventFate::kept ? " kept" : " dropped"));
    });
  };
  std::promise<void> mended;
  EventLogOptions slow = options();
  slow.memory_bytes = 1000;
  slow.file.before_write = [wait = mended.get_future().share()] { wait.wait(); };
  start(slow);
  inform("1", 600);  // its commit is under way, and its name with it
  EXPECT_THAT(fates, IsEmpty());
  inform("2", 600);
  EXPECT_THAT(fates, ElementsAre("1 dropped"));
  inform("3", 600);
  EXPECT_THAT(fates, ElementsAre("1 dropped", "2 dropped"));
  mended.set_value();
  settle();
  EXPECT_THAT(fates, ElementsAre("1 dropped", "2 dropped", "3 kept"));
  loop.advance(1s);
  settle();
  start(options(2));  // what its senders repeat
  fates.clear();
  for (const char* text : {"1", "2", "3"}) inform(text);
  EXPECT_THAT(fates, ElementsAre("3 kept")) << "it is known";
  settle();
  EXPECT_THAT(fates, ElementsAre("3 kept", "1 kept", "2 kept"));
}

TEST_F(EventLogTest, WhoAnswersForAnEventThatTheWireForbidsHearsAtOnce) {
  start(options());
  Event bad = event("1");
  bad.kind = "No Kind";
  std::optional<EventFate> fate;
  events->report(std::move(bad), [&](EventFate what) { fate = what; });
  EXPECT_EQ(fate, EventFate::dropped);
}

TEST_F(EventLogTest, WithoutAFileEventsLiveInMemory) {
  file.clear();
  start(options());
  report(1, 2);
  EXPECT_THAT(texts(take()), ElementsAre("1:1", "2:2"));
  EXPECT_FALSE(events->durable());
}

TEST_F(EventLogTest, ADamagedFileIsSetAside) {
  std::ofstream(file) << std::string(5000, 'x');
  start(options());
  EXPECT_THAT(
      log.lines,
      ElementsAre(HasSubstr("level=error msg=\"the file of undelivered events was damaged and is "
                            "begun anew: they are lost\" moved_to=" +
                            file + ".corrupt-")));
  report(1, 1);
  EXPECT_THAT(texts(take()), ElementsAre("1:1"));
  EXPECT_TRUE(events->durable());
}

TEST_F(EventLogTest, AFileOfANewerVersionIsLeftAlone) {
  start(options());
  report(1, 1);
  settle();
  stop();
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(63);  // user_version, the last byte (SQLite file format, 1.3.16)
  bytes.put(9);
  bytes.close();
  start(options(2));
  EXPECT_THAT(log.lines,
              ElementsAre(HasSubstr("snmp.events.db has format 9, written by a newer itnxt")));
  report(2, 2);
  const auto batch = take();
  EXPECT_THAT(texts(batch), ElementsAre("1:2"));
}

TEST_F(EventLogTest, AnEventThatTheWireForbidsIsDropped) {
  start(options());
  Event wrong = event("x");
  wrong.kind = "Not a word";
  events->report(wrong);
  EXPECT_EQ(events->waiting(), 0U);
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"an event of a collector breaks the rules of the wire "
                          "and is dropped\" collector=snmp problem=\"events[0].kind: is no word of "
                          "a-z, 0-9 and _, 1 to 64 long\""));
}

TEST_F(EventLogTest, StallsWhileAMessageHasNoAnswer) {
  start(options());
  report(1, 1);
  settle();
  loop.advance(1h);
  EXPECT_FALSE(events->stalled(0, 10s));  // never sent
  const auto batch = take();
  loop.advance(9s);
  EXPECT_FALSE(events->stalled(0, 10s));
  loop.advance(1s);
  EXPECT_TRUE(events->stalled(0, 10s));
  ack(*batch);
  EXPECT_FALSE(events->stalled(0, 10s));
}

}  // namespace
}  // namespace itnxt
