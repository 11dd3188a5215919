#include "daemon/io/remote_write/write_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/io/remote_write/read_request.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

FedSample sample(std::string_view subject, std::int64_t at) {
  return {"m", "", 0, at, subject, false};
}

RemoteWriteQueue limits(std::uint32_t batch, std::uint32_t shards = 1,
                        Bytes most = Bytes(1U << 20U)) {
  return {most, shards, batch};
}

// What goes out of a shard, one request a line: "1 2", the time stamps.
std::string sent(WriteQueue& queue, std::size_t shard = 0) {
  std::string all;
  while (const WriteBatch* batch = queue.begin(shard)) {
    const std::string text = sent_text(batch->body);
    for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
      all += text.substr(at + 1, text.find('\n', at) - at - 1) + ' ';
    }
    all.back() = '\n';
    queue.done(shard);
  }
  return all;
}

TEST(WriteQueue, RequestsHoldAsManySamplesAsTheyMay) {
  WriteQueue queue(limits(2), {});
  for (int i = 1; i <= 5; ++i) queue.add(sample("r1", i), false, 0);
  EXPECT_GT(queue.open_bytes(), 0U);
  EXPECT_EQ(sent(queue), "1 2\n3 4\n");
  queue.close(0);
  EXPECT_EQ(queue.open_bytes(), 0U);
  EXPECT_EQ(sent(queue), "5\n");
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, WhatIsLateWaitsForWhatIsLive) {
  WriteQueue queue(limits(1), {});
  queue.add(sample("r1", 1), true, 0);
  queue.add(sample("r1", 2), true, 0);
  queue.add(sample("r1", 100), false, 0);
  EXPECT_EQ(sent(queue), "100\n1\n2\n");
}

TEST(WriteQueue, ALateRequestIsOfOneSource) {
  WriteQueue queue(limits(10), {});
  for (const int i : {1, 2, 3}) queue.add(sample("r1", i), true, 7);
  for (const int i : {4, 5}) queue.add(sample("r2", i), true, 8);
  queue.add(sample("r3", 6), true, 7);
  queue.close(0);
  EXPECT_EQ(sent(queue), "1 2 3 6\n4 5\n");
}

TEST(WriteQueue, ASubjectStaysInItsShard) {
  WriteQueue queue(limits(1, 4), {});
  for (int i = 1; i <= 3; ++i) {
    for (const char* subject : {"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"}) {
      queue.add(sample(subject, i), false, 0);
    }
  }
  std::size_t used = 0;
  for (std::size_t shard = 0; shard < queue.shards(); ++shard) {
    const std::string text = sent(queue, shard);
    used += text.empty() ? 0U : 1U;
    EXPECT_EQ(std::ranges::count(text, '1'), std::ranges::count(text, '3'));
    EXPECT_TRUE(text.empty() || text.rfind('1') < text.find('3')) << text;
  }
  EXPECT_GT(used, 1U);
}

TEST(WriteQueue, WhatFailedIsSentAgain) {
  WriteQueue queue(limits(1), {});
  queue.add(sample("r1", 1), false, 0);
  queue.add(sample("r1", 2), false, 0);
  const std::string first = queue.begin(0)->body;
  queue.again(0);
  EXPECT_EQ(queue.begin(0)->body, first);
  queue.again(0);
  EXPECT_EQ(sent(queue), "1\n2\n");
}

// Uncompressed it takes a dozen times the room, and cannot be dropped.
TEST(WriteQueue, WhatIsOpenIsBounded) {
  WriteQueue queue(limits(1'000'000, 2, Bytes(80'000)), {});
  std::size_t most_open = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(queue.add(sample(i % 2 == 0 ? "r1" : "r2", 1000 + static_cast<std::int64_t>(i)), true,
                        i % 50),
              0U);
    most_open = std::max(most_open, queue.open_bytes());
  }
  EXPECT_LE(most_open, 10'100U);
  EXPECT_GT(most_open, 9'000U);
}

// A store that is away for long: the oldest go, whatever their shard and lane, but what is under
// way.
TEST(WriteQueue, BeyondItsSizeTheOldestAreDropped) {
  const std::size_t one = [] {
    WriteQueue queue(limits(1), {});
    queue.add(sample("r1", 1000), false, 0);
    return queue.bytes();
  }();
  WriteQueue queue(limits(1, 1, Bytes(one * 4)), {});
  std::size_t dropped = 0;
  dropped += queue.add(sample("r1", 1000), false, 0);
  ASSERT_NE(queue.begin(0), nullptr);  // under way
  for (int i = 1; i <= 5; ++i) dropped += queue.add(sample("r1", 1000 + i), i % 2 == 0, 0);
  EXPECT_EQ(dropped, 2U);
  EXPECT_EQ(queue.bytes(), one * 4);
  queue.done(0);
  EXPECT_EQ(sent(queue), "1003\n1005\n1004\n");
}

// A queue on a disk, in one process after the other.
struct Kept {
  explicit Kept(RemoteWriteQueue with) : with_limits(with) { open(); }
  // As after a kill: what was committed is there again, nothing else was done.
  void open() {
    queue.reset();
    log.reset();
    auto opened =
        DiskLog::open(loop, {dir.path(), file_size, most != 0 ? most : 8 * file_size, 10ms});
    ASSERT_TRUE(opened) << opened.error();
    log = std::move(opened->log);
    queue.emplace(with_limits, std::map<std::string, std::string>{{"region", "md"}}, log.get());
    dropped = queue->restore(opened->waiting);
  }
  std::string sent_all() {
    dropped += queue->close(0);
    return sent(*queue);
  }

  TempDir dir;
  PollLoop loop;
  RemoteWriteQueue with_limits;
  std::size_t file_size = std::size_t{1} << 20U;
  std::size_t most = 0;
  std::unique_ptr<DiskLog> log;
  std::optional<WriteQueue> queue;
  std::size_t dropped = 0;
};

TEST(WriteQueueOnADisk, WhatWasCommittedIsThereAgainInItsLaneAndOrder) {
  Kept kept(limits(4));
  for (int i = 1; i <= 6; ++i) {
    kept.queue->add(sample("r1", i), false, 7);
    kept.queue->commit();
  }
  kept.queue->add(sample("r1", 90), true, 7);
  kept.queue->add(sample("r2", 80), true, 8);
  kept.queue->add(sample("r1", 91), true, 7);
  kept.queue->commit();
  kept.queue->add(sample("r1", 100), false, 7);  // not committed: the collector has it yet
  kept.open();
  EXPECT_EQ(kept.sent_all(), "1 2 3 4\n5 6\n90 91\n80\n");
  kept.open();
  EXPECT_TRUE(kept.queue->empty()) << "what was taken does not come again";
}

TEST(WriteQueueOnADisk, SamplesComeBackAsTheyWere) {
  Kept kept(limits(100));
  kept.queue->add({"metric", "device=\"r 1\"", 42, 1234, "r1", false}, false, 0);
  kept.queue->commit();
  kept.queue->close(0);
  const std::string before = kept.queue->begin(0)->body;
  kept.open();
  kept.queue->close(0);
  const WriteBatch* after = kept.queue->begin(0);
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->body, before);
  EXPECT_EQ(after->samples, 1U);
  EXPECT_EQ(after->newest, 1234);
}

TEST(WriteQueueOnADisk, WhatIsDroppedForWantOfRoomDoesNotComeBack) {
  Kept kept(limits(10, 1, Bytes(2000)));
  std::size_t dropped = 0;
  for (int i = 0; i < 1000; ++i) {
    dropped += kept.queue->add(sample("r1", 1000 + i), false, 0);
    kept.queue->commit();
  }
  EXPECT_GT(dropped, 0U);
  kept.open();
  const std::string all = kept.sent_all();
  const auto count = static_cast<std::size_t>(
      std::ranges::count_if(all, [](char c) { return c == ' ' || c == '\n'; }));
  EXPECT_EQ(count + dropped + kept.dropped, 1000U);
  EXPECT_TRUE(all.ends_with(" 1999\n")) << all;
}

// Each commit is an entry of its own: the log's room must not end before the queue's.
TEST(WriteQueueOnADisk, SamplesCommittedOneByOneAreKeptAsLongAsTheQueueIsNotFull) {
  constexpr std::size_t kMax = 256U << 10U;
  Kept kept(limits(5000, 1, Bytes(kMax)));
  kept.file_size = std::size_t{32} << 10U;
  kept.most = WriteQueue::kLogRoom * kMax + 2 * kept.file_size;
  kept.open();
  std::size_t added = 0;
  std::uint64_t value = 1;
  while (kept.queue->bytes() - kept.queue->open_bytes() < kMax * 3 / 4) {
    value = value * 6364136223846793005U + 1442695040888963407U;  // does not compress
    FedSample one = sample("r1", 100'000 + static_cast<std::int64_t>(added++));
    one.value = static_cast<double>(value);
    ASSERT_EQ(kept.queue->add(one, false, 0), 0U);
    kept.queue->commit();
    if (added % 100 == 0) (void)run_until(kept.loop, [n = 0]() mutable { return ++n == 2; });
  }
  kept.open();
  const std::string all = kept.sent_all();
  EXPECT_EQ(kept.dropped, 0U);
  EXPECT_TRUE(all.starts_with("100000 100001 ")) << all.substr(0, 40);
}

// Fewer shards than before, entries of another program: all that is ours is sent.
TEST(WriteQueueOnADisk, AnotherConfigurationAndForeignEntries) {
  Kept kept(limits(100, 4));
  for (const char* subject : {"r1", "r2", "r3", "r4", "r5", "r6"}) {
    kept.queue->add(sample(subject, 1000), false, 0);
  }
  kept.queue->commit();
  kept.log->append("foreign");
  kept.log->append(std::string(40, 'x'));
  kept.with_limits.shards = 1;
  kept.open();
  EXPECT_EQ(kept.sent_all(), "1000 1000 1000 1000 1000 1000\n");
  kept.open();
  EXPECT_TRUE(kept.queue->empty());
}

}  // namespace
}  // namespace itnxt::test
