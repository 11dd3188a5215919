// What is known of devices after a restart.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "collectors/snmp/memory_store.hpp"
#include "daemon/core/hash.hpp"
#include "tests/collectors/snmp/still_world.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

using snmp::decode_memory;
using snmp::encode_memory;
using snmp::Remembered;
using test::StillWorld;

std::vector<Remembered> some() {
  std::vector<Remembered> devices(3);
  devices[0].device = "md core 1";
  devices[0].memory.max_varbinds = 37;
  devices[0].memory.cell_bytes = 31;
  devices[0].memory.clean_polls = 5;
  devices[0].memory.polls = 11;
  devices[0].memory.rows = 480;
  devices[0].memory.useless = snmp::bit(3) | snmp::bit(18);
  devices[0].memory.columns = snmp::kPrimaryColumns & ~devices[0].memory.useless;
  devices[1].device = "Straße";
  devices[1].engine = test::FleetEngine::engine_of(0x7F010203);
  devices[2].device = "x";
  return devices;
}

void expect_same(const std::vector<Remembered>& a, const std::vector<Remembered>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].device, b[i].device);
    EXPECT_EQ(a[i].engine, b[i].engine);
    EXPECT_EQ(a[i].memory.max_varbinds, b[i].memory.max_varbinds);
    EXPECT_EQ(a[i].memory.cell_bytes, b[i].memory.cell_bytes);
    EXPECT_EQ(a[i].memory.clean_polls, b[i].memory.clean_polls);
    EXPECT_EQ(a[i].memory.polls, b[i].memory.polls);
    EXPECT_EQ(a[i].memory.rows, b[i].memory.rows);
    EXPECT_EQ(a[i].memory.columns, b[i].memory.columns);
    EXPECT_EQ(a[i].memory.useless, b[i].memory.useless);
  }
}

// With the checksum it should have.
std::string signed_text(const std::string& body, std::size_t devices) {
  char end[64];
  std::snprintf(end, sizeof end, "end %zu %llx\n", devices,
                static_cast<unsigned long long>(stable_hash(body)));
  return body + end;
}

std::string first_line() {
  const std::string text = encode_memory({});
  return text.substr(0, text.find('\n') + 1);
}

TEST(SnmpMemory, ComesBackAsItWas) {
  const auto back = decode_memory(encode_memory(some()));
  ASSERT_TRUE(back) << back.error();
  expect_same(*back, some());
  EXPECT_TRUE(decode_memory(encode_memory({})));
}

TEST(SnmpMemory, WhatIsNotWholeIsRefusedAsAWhole) {
  const std::string text = encode_memory(some());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(decode_memory(text.substr(0, size))) << size;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(decode_memory(other)) << i;
  }
  EXPECT_EQ(decode_memory("").error(), "it is no file of this version of itnxt");
  EXPECT_EQ(decode_memory(text.substr(0, text.size() - 1)).error(), "it is cut off");
  EXPECT_EQ(decode_memory(text + "more\n").error(), "it is cut off");
  std::string other = text;
  other[30] = '7';
  EXPECT_EQ(decode_memory(other).error(), "its checksum is wrong");
}

TEST(SnmpMemory, WhatCannotBeIsRefused) {
  const auto refused = [](const std::string& line) {
    const auto back = decode_memory(signed_text(first_line() + line + "\n", 1));
    return back ? std::string("taken") : back.error();
  };
  EXPECT_EQ(refused("100 20 0 0 0 7ffff 0 - a"), "taken");
  for (const char* line :
       {"", "100", "101 20 0 0 0 7ffff 0 - a", "1 20 0 0 0 7ffff 0 - a", "-5 20 0 0 0 7ffff 0 - a",
        "100 65536 0 0 0 7ffff 0 - a", "100 20 1001 0 0 7ffff 0 - a",
        "100 20 0 0 999999 7ffff 0 - a", "100 20 0 0 0 80000000 0 - a", "100 20 0 0 0 7ffff 0 -",
        "100 20 0 0 0 7ffff 0 80 a", "100 20 0 0 0 7ffff 0 80000001zz a",
        "100  20 0 0 0 7ffff 0 - a"}) {
    EXPECT_EQ(refused(line), "line 2 is not understood") << line;
  }
  EXPECT_EQ(decode_memory(signed_text(first_line(), 1)).error(), "lines are missing");
}

TEST(SnmpMemory, MasksOfOtherColumnsAreNotTakenForOurs) {
  std::string text = signed_text("itnxt snmp memory 1 abc\n37 31 5 11 480 7 ffffffff - a\n", 1);
  const auto back = decode_memory(text);
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(back->at(0).memory.max_varbinds, 37);
  EXPECT_EQ(back->at(0).memory.columns, snmp::kPrimaryColumns);
  EXPECT_EQ(back->at(0).memory.useless, 0U);
}

TEST(SnmpMemory, AFileThatCannotBeUsedIsToldOnceAndWrittenAnew) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/snmp.learned";
  test::RecordingLog log;
  { std::ofstream(path) << "rubbish"; }
  {
    snmp::MemoryStore store(path, log);
    EXPECT_TRUE(store.load().empty());
    store.save(some());
  }
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0],
            "level=warning msg=\"what was learned of devices cannot be used and is learned anew\" "
            "file=" +
                path + " problem=\"it is no file of this version of itnxt\"");
  snmp::MemoryStore again(path, log);
  expect_same(again.load(), some());
  EXPECT_EQ(log.lines.size(), 1U);
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST(SnmpMemory, ADirectoryThatIsNotThereIsToldAndStopsNobody) {
  test::RecordingLog log;
  {
    snmp::MemoryStore store("/nowhere/of/ours/snmp.learned", log);
    EXPECT_TRUE(store.load().empty());
    store.save(some());
  }
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0],
            "level=warning msg=\"what was learned of devices cannot be kept over a restart; make "
            "the directory writable\" file=/nowhere/of/ours/snmp.learned problem=\"No such file or "
            "directory\"");
}

TEST(SnmpMemory, AfterARestartADeviceIsAskedInTheSizeItBearsAndGrowsNoFaster) {
  const test::TempDir folder;
  test::FleetOptions options;
  options.interfaces = 6;
  options.too_big_above = 500;
  StillWorld world(options);
  world.files = folder.path() + "/snmp";
  const auto a_round = [&world] {
    const std::uint64_t before = world.fleet.requests();
    world.run(60s);
    return world.fleet.requests() - before;
  };
  const auto targets = world.targets(3);
  world.start(StillWorld::config(targets));
  const std::uint64_t first = a_round();
  std::vector<std::uint64_t> without_restart;
  for (int i = 0; i < 12; ++i) without_restart.push_back(a_round());
  EXPECT_LT(without_restart[0], first) << "learned by the first poll";
  world.collector.reset();

  std::filesystem::remove(world.files + ".learned");
  std::vector<std::uint64_t> with_restarts;
  world.start(StillWorld::config(targets));
  EXPECT_EQ(a_round(), first);
  for (int i = 0; i < 12; ++i) {
    if (i % 3 == 0) world.start(StillWorld::config(targets));
    with_restarts.push_back(a_round());
  }
  EXPECT_EQ(with_restarts, without_restart) << "tried bigger when it is time, not before";
}

TEST(SnmpMemory, IsWrittenSoonAfterSomethingWasLearned) {
  using snmp::MemorySchedule;
  const Instant start{};
  MemorySchedule schedule(start);
  EXPECT_EQ(schedule.next(), start + 5min) << "what counts on";
  EXPECT_TRUE(schedule.learned(start + 20s));
  EXPECT_EQ(schedule.next(), start + 30s);
  EXPECT_FALSE(schedule.learned(start + 29s));
  EXPECT_EQ(schedule.next(), start + 30s) << "more does not put it off";
  schedule.saved(start + 30s);
  EXPECT_EQ(schedule.next(), start + 30s + 5min);
  EXPECT_TRUE(schedule.learned(start + 31s));
  EXPECT_EQ(schedule.next(), start + 90s) << "one a minute";
  schedule.saved(start + 90s);
  EXPECT_TRUE(schedule.learned(start + 4min));
  EXPECT_EQ(schedule.next(), start + 4min + 10s);
  schedule.saved(start + 4min + 10s);
  EXPECT_TRUE(schedule.learned(start + 4min + 10s + 299s));
  EXPECT_EQ(schedule.next(), start + 4min + 10s + 5min);
}

TEST(SnmpMemory, WhoeverIsKilledLosesSecondsNotMinutes) {
  const test::TempDir folder;
  test::FleetOptions options;
  options.interfaces = 1;
  StillWorld world(options);
  world.files = folder.path() + "/snmp";
  world.start(StillWorld::config(world.targets(2)));
  const std::string path = world.files + ".learned";
  snmp::MemoryStore store(path, world.log);
  PollLoop real;
  const auto known = [&] {  // of the file, as it is now
    const auto devices = store.load();
    return std::count_if(devices.begin(), devices.end(),
                         [](const Remembered& one) { return one.memory.rows == 1; });
  };
  while (world.sink.samples.empty()) world.run(100ms);
  world.run(snmp::MemorySchedule::kSoon);
  EXPECT_TRUE(test::run_until(
      real, [&] { return known() >= 1; }, 10s));
  world.run(60s + snmp::MemorySchedule::kApart);
  EXPECT_TRUE(test::run_until(
      real, [&] { return known() == 2; }, 10s));
  EXPECT_TRUE(world.log.lines.empty()) << world.log.lines[0];
}

TEST(SnmpMemory, AnEngineIdIsKeptItsClockIsNot) {
  const test::TempDir folder;
  test::FleetOptions options;
  options.interfaces = 1;
  options.user = test::v3_user();
  StillWorld world(options);
  world.files = folder.path() + "/snmp";
  const auto targets = world.v3_targets(1);
  world.start(StillWorld::config(targets));
  world.run(60s);
  world.start(StillWorld::config(targets));
  snmp::MemoryStore store(world.files + ".learned", world.log);
  const auto known = store.load();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].engine, test::FleetEngine::engine_of(0x7F010001));
  world.run(60s);
  for (const DeviceSample& sample : world.sink.all<DeviceSample>()) {
    EXPECT_EQ(sample.result, PollResult::ok) << sample.problem;
  }
  EXPECT_EQ(world.sink.samples.size(), 2U);
}

}  // namespace
}  // namespace itnxt
