// The inner parts of an Outlet, for outlet.cpp and outlet_spool.cpp only.
#pragma once

#include <map>
#include <memory>
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
  // After each batch; the next is due within an interval, with samples or without.
  void begin_batch();

  const CollectorName collector;
  const BatchQueue::Source source;
  std::unique_ptr<EventLog> events;
  std::vector<BatchQueue::Source> old_sources;  // of the spool file, while that is there
  bool claimed = false;                         // its spool file is ours
  bool has_file = false;
  std::vector<Sample> samples;
  Duration interval{};
  std::uint64_t sequence = 0;
  bool ended = false;

 private:
  Outlet& outlet_;
  std::size_t gathered_ = 0;  // bytes, estimated
  Timer timer_;
};

// An orderly stop on its way to the disk: one collector's file after the other, each in pieces of
// one round of the loop, so that time passes.
struct Outlet::Saving {
  std::map<BatchQueue::Source, BatchQueue::Id> newest;  // it bears the loss of what is left out
  std::map<CollectorName, std::unique_ptr<Stream>>::const_iterator stream;
  std::unique_ptr<Spool::Writer> writer;  // of that stream's file
  BatchQueue::Id at = 0;
  std::size_t kept = 0;
  std::size_t left_out = 0;
  Instant end;  // from then on only the newest are written
  Timer next;
};

}  // namespace itnxt
