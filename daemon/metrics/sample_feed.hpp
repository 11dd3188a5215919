// The bulk of /metrics (interfaces, devices, links, series of collectors) as samples with their
// original time stamps, each once: what became of a device when the table took a sample of it, and
// stale markers for series that went. Names, labels and values are those of values.hpp. Pure; the
// loop's thread.
//
// What was fed is known by the views themselves, which the table shares: nothing is kept for a
// series. Within one feed the time stamps of a series strictly increase, but of samples that are
// `late`: older than what was told of their subject, or than its last stale marker.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/metrics/catalogue.hpp"
#include "daemon/metrics/value_lines.hpp"
#include "daemon/metrics/values.hpp"
#include "daemon/state/snapshot.hpp"
#include "daemon/state/table.hpp"

namespace itnxt {

// Two ends of a link tell time by two clocks. One that is behind the other by so much was set back.
inline constexpr Duration kClockSetBack = std::chrono::minutes(2);

// The value that ends a series (Prometheus: model/value/value.go, StaleNaN).
inline constexpr std::uint64_t kStaleMarker = 0x7FF0000000000002U;

struct FedSample {
  std::string_view metric;
  std::string_view labels;  // "{…}" as core/labels.hpp renders it
  double value = 0;
  std::int64_t at = 0;       // milliseconds since 1970, UTC
  std::string_view subject;  // device, link or node: all of a series have the same
  bool late = false;         // a younger one of its series may have been told
};

class FeedSink {
 public:
  // The views are valid during the call.
  virtual void fed(const FedSample& sample) = 0;

 protected:
  ~FeedSink() = default;
};

class SampleFeed {
 public:
  // Of the past: without stale markers (what came after is told already) and without the
  // aggregator's own tallies (polls, gaps, changes), which a table of the past counts anew. They
  // are left out of the first sample of each subject, too: it may be one that came before a kill of
  // the aggregator, was not acknowledged and is sent again, and a store refuses a whole request for
  // two values of one time.
  enum class Of : std::uint8_t { present, past };

  SampleFeed(Of of, FeedSink& sink);

  // Milliseconds: what is younger the sink throws away. What a clock far ahead stamped must not
  // make late for ever what follows when it is mended.
  void set_horizon(std::int64_t at) { horizon_ = at; }
  // The table just took `sample`.
  void took(const Sample& sample, const SampleSource& source, Table& table);
  // Ends the series of what the table let go of since. `wall` is the aggregator's.
  void look(Table& table, WallTime wall);

 private:
  template <class View>
  struct Known {
    View view;
    std::int64_t marked = 0;  // what is not younger is late
  };
  struct KnownSeries : Known<std::shared_ptr<const SubjectSeriesView>> {
    SeriesSubject key;
  };
  struct Family {
    std::string name;
    std::vector<std::string> bounds;
  };
  template <class Line>
  static void each_line(const Family& family, const SeriesRowView& row, Line line);
  // What is at hand.
  struct Scope {
    std::string_view name;
    std::int64_t* marked = nullptr;
    std::int64_t floor = 0;  // what was marked before
  };

  template <class Subject>
  void read(ValueLines& lines, const Subject& subject, bool with_tallies) const;
  // From one view to the next. `told_at` and `at` are theirs; series that went end at `ends_at`, or
  // right after what was told last. `before` may be null.
  template <class Subject>
  void step(const Subject* before, const Subject& now, WallTime told_at, WallTime at,
            std::int64_t ends_at);
  template <class Subject>
  void end(const Subject& gone, WallTime told_at, std::int64_t ends_at);
  void step_device(const DeviceView* before, const DeviceView& now, std::int64_t ends_at);
  void step_ports(const DeviceView& before, const DeviceView& now, std::int64_t ends_at);
  void step_series(const SubjectSeriesView& before, const SubjectSeriesView& now,
                   std::int64_t ends_at);
  void end_rows(const SeriesBlockView& gone, const SubjectSeriesView& now, std::int64_t ends_at);
  // The same for all lines of a row of a family, or the markers that end them.
  void tell_row(std::uint32_t family, const SeriesRowView& row, std::int64_t at);
  void mark_row(std::uint32_t family, const SeriesRowView& row, std::int64_t at);
  void mark(std::string_view metric, std::string_view labels, std::int64_t at);
  void tell(std::string_view metric, std::string_view labels, double value, std::int64_t at);
  // Whether samples of `at` are to be told after those of `told_at`.
  bool goes_on(WallTime told_at, WallTime at);

  void took_device(const DeviceName& name, Table& table);
  void took_link(LinkView link, WallTime at);
  void took_series(const SeriesSubject& subject, Table& table);
  bool look_at_devices(Table& table, std::int64_t at);
  void look_at_links(Table& table, std::int64_t at);
  void look_at_series(Table& table, std::int64_t at);
  void name_families(Table& table);

  const Of of_;
  FeedSink& sink_;
  Scope scope_;
  std::int64_t horizon_ = std::numeric_limits<std::int64_t>::max();
  std::unordered_map<DeviceName, Known<std::shared_ptr<const DeviceView>>> devices_;
  std::unordered_map<LinkName, Known<LinkView>> links_;
  std::unordered_map<std::string, KnownSeries> series_;  // by the text of their subject
  std::shared_ptr<const std::vector<SeriesFamilyView>> families_;
  std::unordered_map<std::uint32_t, Family> family_of_;
  ValueLines before_, now_;  // scratch
};

}  // namespace itnxt
