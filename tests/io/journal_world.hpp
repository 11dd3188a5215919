// The way of events in a directory of its own, on the real loop.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/io/event_intake.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {

inline Event event(std::uint64_t sequence, std::string kind = "interface_down") {
  Event made;
  made.sequence = sequence;
  made.wall = WallTime(Duration(1'700'000'000s));
  made.run = 0xFEDCBA9876543210U;
  made.at = SourceTime(5s);
  made.kind = std::move(kind);
  made.device = DeviceName("r1");
  made.interface = InterfaceStatus{7, "eth0", AdminStatus::up, OperStatus::down};
  made.text = "eth0 is down";
  made.details = {{"trap", "1.3.6.1.6.3.1.1.5.3"}, {"sender", "10.0.0.1"}};
  return made;
}

inline EventBatch batch(std::uint64_t first, std::size_t count, const char* collector = "traps") {
  EventBatch made;
  made.node = NodeName("node");
  made.collector = CollectorName(collector);
  made.epoch = 0xFFFFFFFFFFFFFFF1U;
  for (std::size_t i = 0; i < count; ++i) made.events.push_back(event(first + i));
  return made;
}

struct JournalWorld {
  TempDir dir;
  PollLoop loop;
  RecordingLog log;
  std::string state = dir.path() + "/a/state";
  std::unique_ptr<RecentEvents> recent;
  std::unique_ptr<EventIntake> intake;
  std::vector<std::uint64_t> seen;
  std::vector<std::uint64_t> acked;
  int problems = 0;

  EventFile::Options options() const {
    EventFile::Options made;
    made.directory = state;
    return made;
  }
  void open() { open(options()); }
  void open(EventFile::Options with) {
    intake.reset();
    recent = std::make_unique<RecentEvents>();
    auto opened = EventIntake::open(
        loop, log, *recent, NodeName("center"), std::move(with),
        {.seen = [this](const StoredEvent& e) { seen.push_back(e.event.sequence); },
         .problem_changed = [this] { ++problems; }});
    ASSERT_TRUE(opened) << opened.error();
    intake = std::move(*opened);
  }
  auto take(const EventBatch& events, const EventIntake::Effect& effect = {}) {
    return intake->take(
        events, [this](const wire::EventAck& ack) { acked.push_back(ack.sequence); }, effect);
  }
  void store() { intake->store(intake->latest()); }
  bool wait_ack(std::uint64_t sequence) {
    return run_until(loop, [&] { return !acked.empty() && acked.back() == sequence; });
  }
  [[nodiscard]] std::vector<std::uint64_t> shown() const {
    std::vector<std::uint64_t> sequences;
    for (const auto& e : recent->newest(RecentEvents::kMost)) {
      sequences.push_back(e->event.sequence);
    }
    return sequences;
  }
};

}  // namespace itnxt::test
