// The inner parts of an Outlet, for outlet.cpp, outlet_answers.cpp and outlet_spool.cpp only.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/io/outlet.hpp"

namespace itnxt {

// One collector's samples on their way into batches.
class Outlet::Stream final : public Sink {
 public:
  Stream(Outlet& outlet, CollectorName name, BatchQueue::Source queue_source)
      : collector(std::move(name)), source(queue_source), outlet_(outlet) {}

  void publish(Sample sample) override;
  void report(Event event) override {
    if (!ended) events->report(std::move(event));
  }
  void report_answered(Event event, std::function<void(EventFate)> told) override {
    if (ended) return told(EventFate::dropped);
    events->report(std::move(event), std::move(told));
  }
  void remember(const std::string& name, std::string what) override {
    events->remember(name, std::move(what));
  }
  [[nodiscard]] Memories recall(std::string_view name, Recall which) const override {
    return events->recall(name, which);
  }
  // After each batch; the next is due within an interval, with samples or without.
  void begin_batch();

  const CollectorName collector;
  const BatchQueue::Source source;
  std::unique_ptr<EventLog> events;
  std::shared_ptr<BatchFiles> files;     // null: the disk is of no use to it
  std::optional<BatchFiles::Owed> owed;  // as `files` knows it
  std::vector<Sample> samples;
  Duration interval{};
  std::uint64_t sequence = 0;
  bool ended = false;

 private:
  Outlet& outlet_;
  std::size_t gathered_ = 0;  // bytes, estimated
  Timer timer_;
};

// What the disk is asked to do at once for one collector, and what became of it.
struct Outlet::Errand {
  struct Write {
    BatchQueue::ToStore what;
    WallTime closed;
    Result<BatchQueue::Place> place = Error{};
  };
  Stream* stream = nullptr;  // the loop's
  std::shared_ptr<BatchFiles> files;
  std::vector<Write> writes;
  std::vector<BatchQueue::Mark> marks;
  std::optional<BatchFiles::Owed> owed;
  std::string problem;
  bool full = false;

  void run();
};

// An orderly stop on its way to the disk.
struct Outlet::Saving {
  Instant end;  // from then on nothing more is written
  bool failed = false;
};

}  // namespace itnxt
