// kill -9 of a process that reports events, at random instants: what was on its disk arrives, and
// no number is ever given to two events.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "daemon/core/fd.hpp"
#include "daemon/io/event_log.hpp"
#include "daemon/io/poll_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt {
namespace {

const CollectorName kSnmp("snmp");

struct Paths {
  std::string directory, journal, durable;
};

// What a life tells of its progress, a byte a step: the parent kills by steps, not by time.
constexpr char kTurn = 't';
constexpr char kDurable = 'd';  // all that was reported is on the disk, and said to be

struct Life {
  pid_t child;
  Fd steps;  // to be read by the parent
};

void append(const Fd& to, const std::string& line) {
  if (write(to.get(), line.data(), line.size()) < 0) _exit(2);
}

// The life of one process: reports as fast as the disk takes it; the aggregator beside it writes
// down what comes, then acknowledges, now and then late. Ends by itself when `drain` and all is
// delivered.
[[noreturn]] void live(const Paths& paths, std::uint64_t run, bool drain, const Fd& steps) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  const Fd journal(open(paths.journal.c_str(), flags, 0600));
  const Fd durable(open(paths.durable.c_str(), flags, 0600));
  PollLoop loop;
  test::RecordingLog log;
  std::optional<EventLog> events;
  std::optional<Worker> disk;
  disk.emplace(loop);
  EventLogOptions options;
  options.collector = kSnmp;
  options.node = NodeName("node");
  options.endpoints = {"a"};
  options.run = run;
  options.file.directory = paths.directory;
  options.file.name = "snmp.events";
  events.emplace(loop, log, *disk, options, nullptr);
  std::uint64_t reported = 0;
  std::uint64_t told = 0;
  Timer turn;
  const std::function<void()> live_on = [&] {
    if (events->durable()) {
      const bool news = told < reported;
      for (; told < reported; ++told) {
        append(durable, std::to_string(run) + '.' + std::to_string(told + 1) + '\n');
      }
      if (news && !drain) append(steps, {kDurable});
    }
    if (!drain) append(steps, {kTurn});
    if (const auto message = events->next(0)) {
      events->sent(0);
      const auto batch = wire::decode_events(*message);
      std::string lines;
      for (const Event& one : batch->events) {
        lines += std::to_string(batch->epoch) + ' ' + std::to_string(one.sequence) + ' ' +
                 one.text + '\n';
      }
      append(journal, lines);
      events->acknowledge(0, {kSnmp, batch->epoch, batch->events.back().sequence});
    }
    if (drain && events->waiting() == 0) return loop.stop();
    while (!drain && reported < told + 7) {  // one is written, the others gather
      Event one;
      one.wall = loop.wall_now();
      one.kind = "interface_down";
      one.text = std::to_string(run) + '.' + std::to_string(++reported);
      events->report(std::move(one));
    }
    turn = loop.after(200us, live_on);
  };
  turn = loop.after(0s, live_on);
  loop.run();
  disk.reset();
  _exit(log.lines.empty() ? 0 : 1);
}

Life start(const Paths& paths, std::uint64_t run, bool drain) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {-1, Fd()};
  Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    read_end = Fd();
    live(paths, run, drain, write_end);
  }
  return {child, std::move(read_end)};
}

// Until the life has told `count` steps of this kind; false when it ended before.
bool await(const Life& life, char kind, int count) {
  char step = 0;
  while (count > 0 && read(life.steps.get(), &step, 1) == 1) {
    if (step == kind) --count;
  }
  return count == 0;
}

TEST(EventLogKill, NoDurableEventIsLostAndNoNumberIsGivenTwice) {
  const char* wanted = std::getenv("ITNXT_TEST_KILLS");
  const int kills = wanted == nullptr ? 60 : std::atoi(wanted);
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const test::TempDir dir;
  const Paths paths{dir.path() + "/spool", dir.path() + "/journal", dir.path() + "/durable"};
  std::uint64_t run = 0;
  for (int i = 0; i < kills; ++i) {
    const Life life = start(paths, ++run, false);
    ASSERT_GT(life.child, 0);
    // Every fourth dies young, perhaps before anything is on its disk; the others in the midst of
    // their work.
    const bool young = i % 4 == 0;
    EXPECT_TRUE(young || await(life, kDurable, 2));
    EXPECT_TRUE(await(life, kTurn, std::uniform_int_distribution<>(young ? 0 : 1, 100)(random)));
    kill(life.child, SIGKILL);
    waitpid(life.child, nullptr, 0);
  }
  const Life last = start(paths, ++run, true);
  ASSERT_GT(last.child, 0);
  int status = 0;
  waitpid(last.child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;

  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> by_number;
  std::map<std::uint64_t, std::uint64_t> newest;  // by epoch
  std::multiset<std::string> taken;               // once for each number, as an aggregator does
  std::ifstream journal(paths.journal);
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  for (std::string text; journal >> epoch >> sequence >> text;) {
    const auto [known, fresh] = by_number.try_emplace({epoch, sequence}, text);
    ASSERT_EQ(known->second, text) << "number " << sequence << " was given twice";
    if (!fresh) continue;
    ASSERT_EQ(sequence, newest[epoch] + 1) << "out of order, or a hole";
    newest[epoch] = sequence;
    taken.insert(text);
  }
  EXPECT_EQ(newest.size(), 1U);
  std::ifstream durable(paths.durable);
  std::size_t count = 0;
  for (std::string text; durable >> text; ++count) ASSERT_EQ(taken.count(text), 1U) << text;
  EXPECT_GT(count, static_cast<std::size_t>(kills));
  for (const std::string& text : taken) ASSERT_EQ(taken.count(text), 1U) << text;
}

}  // namespace
}  // namespace itnxt
