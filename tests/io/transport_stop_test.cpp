// What is undelivered when an outlet stops: kept for the next start, or named as lost.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/io/transport_world.hpp"

namespace itnxt {
namespace {

using test::kTap;
using test::Received;
using test::sample;
using test::TransportTest;
using testing::ElementsAre;

TEST_F(TransportTest, AStopWithNothingUndeliveredEndsAtOnceWithoutAFile) {
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  make_outlet(config({"inproc://itnxt"}));
  publish(100);
  bool done = false;
  outlet->drain(60s, [&] { done = true; });
  run_until([&] { return done; });
  EXPECT_EQ(got.unique.size(), 100U);
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/spool/tap.batches-1"));
  publish(1);  // too late: ignored
  EXPECT_EQ(outlet->waiting_batches(), 0U);
}

TEST_F(TransportTest, WhatIsUndeliveredAtAStopIsSentByTheNextProcess) {
  const std::string endpoint = dead_endpoint();
  for (const std::uint64_t epoch : {1U, 2U}) {  // two stops in a row: the second keeps both
    make_outlet(config({endpoint}, epoch));
    publish(3);
    stop();
  }
  EXPECT_THAT(
      log.lines,
      ElementsAre("level=notice msg=\"undelivered batches wait in the spool for the next "
                  "start\" collector=tap batches=3",
                  "level=notice msg=\"undelivered batches of an earlier process follow behind what "
                  "is new\" collector=tap batches=3",
                  "level=notice msg=\"undelivered batches wait in the spool for the next "
                  "start\" collector=tap batches=6"));
  make_outlet(config({endpoint}, 3));
  publish(1);
  Received got;
  const auto inlet = open(endpoint, got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  using P = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_THAT(got.order, testing::UnorderedElementsAre(P{1, 1}, P{1, 2}, P{1, 3}, P{2, 1}, P{2, 2},
                                                       P{2, 3}, P{3, 1}));
  stop();
  make_outlet(config({endpoint}, 4));  // nothing is left
  EXPECT_EQ(outlet->waiting_batches(), 0U);
}

// What a version before this left: one file of records, which goes once they are in the new ones.
TEST_F(TransportTest, TheFirstFormatOfTheSpoolIsStillRead) {
  Batch batch;
  batch.node = NodeName("node");
  batch.collector = kTap;
  batch.epoch = 9;
  batch.sequence = 4;
  batch.closed_wall = loop.wall_now();
  {
    Spool old(dir.path() + "/spool", log);
    ASSERT_TRUE(old.prepare().ok());
    auto writer = old.write(kTap);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->add({wire::encode_parts(batch).value(), {{"inproc://itnxt", 3}}}).ok());
    ASSERT_TRUE((*writer)->commit().ok());
  }
  make_outlet(config({"inproc://itnxt"}));
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/spool/tap.batches"));
  outlet.reset();  // killed before anything was sent
  make_outlet(config({"inproc://itnxt"}, 2));
  Received got;
  const auto inlet = open("inproc://itnxt", got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_THAT(got.order, ElementsAre(std::pair<std::uint64_t, std::uint64_t>{9, 4}));
}

// After the stop the process may live on for a while: an acknowledgement that comes too late must
// not take the file that was just written.
TEST_F(TransportTest, AnAckThatComesAfterTheStopTakesNothing) {
  std::vector<std::pair<std::string, wire::Ack>> owed;
  wire::Decoder decoder;
  auto late = ZmqSocket::bind_router(
      loop, zmq, "test", "tcp://127.0.0.1:*",
      {.message =
           [&](const ZmqMessage& message) {
             ASSERT_FALSE(decoder.decode(message.parts).has_value());
             const Batch& batch = decoder.batch();
             owed.emplace_back(message.peer,
                               wire::Ack{batch.collector, batch.epoch, batch.sequence});
           },
       .writable = nullptr,
       .disconnected = nullptr});
  ASSERT_TRUE(late.ok());
  const auto stop = [&] {
    bool done = false;
    outlet->drain(1ms, [&] { done = true; });
    run_until([&] { return done; });
  };
  make_outlet(config({dead_endpoint()}, 1));
  publish(2);
  stop();
  outlet.reset();
  make_outlet(config({(*late)->endpoint()}, 2));
  run_until([&] { return owed.size() == 2; });
  publish(1);
  stop();
  for (const auto& [peer, ack] : owed) (*late)->reply(peer, wire::encode(ack));
  bool passed = false;
  const Timer later = loop.after(50ms, [&] { passed = true; });
  run_until([&] { return passed; });
  outlet.reset();
  make_outlet(config({dead_endpoint()}, 3));
  EXPECT_EQ(outlet->waiting_batches(), 3U);
}

TEST_F(TransportTest, AStopWithoutRoomOnDiskSaysWhatIsLost) {
  make_outlet(config({dead_endpoint()}));
  publish(2);
  const std::string spool = dir.path() + "/spool";
  std::filesystem::remove_all(spool);
  std::ofstream(spool) << "a file in its place";
  bool done = false;
  outlet->drain(1ms, [&] { done = true; });
  run_until([&] { return done; });
  EXPECT_THAT(log.lines, ElementsAre("level=error msg=\"spool.directory " + spool +
                                     "/tap.batches-1: cannot be made: Not a directory: "
                                     "undelivered batches are lost; free space or choose another "
                                     "directory\" collector=tap batches=2"));
}

// Time is up at once: what is lost is told by the next process.
TEST_F(TransportTest, AStopOnASlowDiskAnnouncesWhatIsLost) {
  const std::string endpoint = dead_endpoint();
  const auto stop = [&](std::uint64_t epoch, int batches) {
    OutletConfig hasty = config({endpoint}, epoch);
    hasty.save_limit = 0s;
    make_outlet(hasty);
    publish(batches);
    bool done = false;
    outlet->drain(1ms, [&] { done = true; });
    run_until([&] { return done; });
    outlet.reset();
  };
  stop(1, 5);
  EXPECT_THAT(log.lines,
              ElementsAre("level=error msg=\"spool.directory " + dir.path() +
                          "/spool: is too slow: what was not written within 0s is lost; use a "
                          "faster disk or a smaller spool.max_size\" collector=tap batches=5"));
  stop(2, 3);
  make_outlet(config({endpoint}, 3));
  publish(1);
  Received got;
  const auto inlet = open(endpoint, got);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.lost, 8U);
  this->stop();
  make_outlet(config({endpoint}, 4));  // it has been told
  publish(1);
  run_until([&] { return outlet->waiting_batches() == 0; });
  EXPECT_EQ(got.lost, 0U);
}

TEST_F(TransportTest, AStopWritesManyMebibytesInPieces) {
  const std::string endpoint = dead_endpoint();
  make_outlet(config({endpoint}, 1));
  DeviceSample device;
  device.device = DeviceName("large");
  device.interfaces.resize(20'000);
  for (InterfaceSample& row : device.interfaces) row.if_alias = std::string(100, 'x');
  for (int i = 0; i < 6; ++i) tap->publish(device);
  bool done = false;
  outlet->drain(1ms, [&] { done = true; });
  run_until([&] { return done; });
  outlet.reset();
  make_outlet(config({endpoint}, 2));
  EXPECT_EQ(outlet->waiting_batches(), 6U);
  EXPECT_EQ(outlet->lost_batches(), 0U);
}

TEST_F(TransportTest, TwoProcessesWithOneCollectorDoNotShareItsFile) {
  const std::string endpoint = dead_endpoint();
  make_outlet(config({endpoint}, 1));
  Outlet other(loop, log, zmq, config({endpoint}, 2));
  other.stream(kTap, 0s).publish(sample());
  publish(1);
  int done = 0;
  other.drain(1ms, [&] { ++done; });
  outlet->drain(1ms, [&] { ++done; });
  run_until([&] { return done == 2; });
  const std::string spool = dir.path() + "/spool";
  EXPECT_THAT(
      log.lines,
      ElementsAre("level=error msg=\"spool.directory " + spool +
                      "/tap.lock: in use by another collector process (PID " +
                      std::to_string(getpid()) +
                      "); stop that one, or give one of the two another directory or the "
                      "collector another name; what is undelivered at a stop will be lost\"",
                  "level=error msg=\"spool.directory " + spool +
                      ": was of no use at the start: undelivered batches are lost; free space or "
                      "choose another directory\" collector=tap batches=1",
                  "level=notice msg=\"undelivered batches wait in the spool for the next start\" "
                  "collector=tap batches=1"));
}

}  // namespace
}  // namespace itnxt
