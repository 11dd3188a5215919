// Metrics that collectors bring along (core/series.hpp): which families there are, and the rows of
// each subject. Pure; the loop's thread.
//
// A subject is a device, a collector, or a probe or capture: collectors of one name, whatever their
// node. A block is one family of one subject as one source tells it. While any block of a family
// lives, the family's type, help and labels stay as who came first said; the same row of a subject
// belongs to the source that told it first. What breaks a rule is refused with a reason, and the
// rest is taken.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/admission.hpp"
#include "daemon/state/device_state.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// For the log.
struct SeriesRefused {
  std::string problem;  // "itnxt_x: what is wrong …"
  std::string device;   // empty: of the collector itself
  NodeName node;
  CollectorName collector;
};

// Whom a sample tells of: a device, or a node and its collector, or a probe or capture of that
// name.
using SeriesSubject = std::tuple<DeviceName, NodeName, CollectorName, SeriesOwner>;
SeriesSubject subject_of(const SeriesSample& sample, const SampleSource& source);

class Series {
 public:
  // The names that are the aggregator's own.
  void reserve(std::span<const std::string_view> names);

  // Takes what is right; how many families were refused, wholly or in part. Precondition: the
  // device, if any, is known.
  std::size_t apply(const SeriesSample& sample, const SampleSource& source, Duration batch_interval,
                    Instant now, Admission& admission);
  // Says that another node speaks for the device, on which the caller has decided.
  void refuse_of_other(const SeriesSample& sample, const SampleSource& source, Instant now);
  // Lets go of what is stale; true when something went.
  bool tick(Instant now, std::uint32_t stale_after, Admission& admission);
  void forget(const DeviceName& device, Admission& admission);

  void show(Snapshot& snapshot);
  // All families, by name; the same pointer as long as they stay.
  std::shared_ptr<const std::vector<SeriesFamilyView>> families();
  // Null: nothing is known of it.
  [[nodiscard]] std::shared_ptr<const SubjectSeriesView> of(const SeriesSubject& subject) const;
  // What was refused and is to be told: each problem once in ten minutes.
  std::vector<SeriesRefused> take_refused(Instant now);

 private:
  struct Family {
    SeriesFamilyView view;
    std::vector<std::string> labels;
    std::vector<double> bounds;
    std::size_t lines = 1;  // of one row
    NodeName node;          // who told it first
    std::size_t blocks = 0;
  };
  using Families = std::map<std::string, Family, std::less<>>;  // by base
  using BlockKey = std::tuple<std::uint32_t, NodeName, CollectorName, std::string>;
  struct Block {
    Families::iterator family;
    std::uint64_t epoch = 0;
    SourceTime at;
    Instant seen;
    Duration interval{};
    bool mixed = false;  // rows of several samples: `row_seen` tells which is how old
    std::vector<Instant> row_seen;
    std::shared_ptr<const SeriesBlockView> view;
  };
  struct Subject {
    std::map<BlockKey, Block> blocks;
    std::shared_ptr<const SubjectSeriesView> view;
    std::uint64_t lines = 0;  // of all its rows
  };
  struct Context;

  Families::iterator find_or_add(const SeriesFamily& family, const Context& context);
  bool apply(const SeriesFamily& family, const Context& context, Subject& subject);
  void keep_missing(const Block& before, const Context& context, SeriesBlockView& view,
                    std::vector<Instant>& seen) const;
  bool drop_taken(const Subject& subject, const BlockKey& key, SeriesBlockView& view) const;
  bool admit(const Context& context, const Family& family, Subject& subject, std::size_t before,
             SeriesBlockView& view);
  void erase(Subject& subject, std::map<BlockKey, Block>::iterator block, Admission& admission);
  static bool drop_stale_rows(Block& block, const NodeName& node, Subject& subject, Instant now,
                              Duration most, Admission& admission);
  static void show(Subject& subject);
  void refuse(const Context& context, std::string problem);
  void refuse(const SeriesSample& sample, const SampleSource& source, Instant now,
              std::string problem);

  std::set<std::string, std::less<>> reserved_;  // bases
  Families families_;
  std::uint32_t next_family_ = 0;
  std::map<SeriesSubject, Subject> subjects_;
  std::shared_ptr<const std::vector<SeriesFamilyView>> shown_;  // null: to be made anew
  std::map<std::string, Instant> told_;                         // problems
  std::vector<SeriesRefused> refused_;
};

}  // namespace itnxt
