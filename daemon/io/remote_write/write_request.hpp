// Prometheus remote write 1.0 on the wire (prometheus.io "Prometheus Remote-Write Specification"):
//
//   message WriteRequest { repeated TimeSeries timeseries = 1; }
//   message TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
//   message Label        { string name = 1; string value = 2; }
//   message Sample       { double value = 1; int64 timestamp = 2; }   // milliseconds
//
// compressed as one snappy block. Labels sorted by name, __name__ among them; a label without a
// value is left out. Written by hand: a sample is a few copies. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/metrics/sample_feed.hpp"

namespace itnxt {

class SeriesEncoder {
 public:
  // `external` labels stand with every series that has none of that name.
  explicit SeriesEncoder(const std::map<std::string, std::string>& external);

  // Appends one TimeSeries with one sample, as a field of WriteRequest. Cheapest when samples with
  // the same labels follow each other.
  void append(std::string& out, const FedSample& sample);

 private:
  struct LabelView {
    std::string_view name;
    std::string_view value;
  };
  void read_labels(std::string_view text);

  std::vector<std::pair<std::string, std::string>> external_;  // by name
  std::string text_;                                           // the labels that were read last …
  bool has_read_ = false;
  std::string before_, after_;     // … encoded, those before and after __name__
  std::string values_;             // scratch: unescaped
  std::vector<LabelView> labels_;  // scratch
};

// A snappy block (google/snappy, format_description.txt), as long as it has to be. `room` is kept
// by the caller from call to call: what a request could need at worst is many times what it needs.
std::string compress(std::string_view bytes, std::string& room);
// What it was made of; absent: it is no such block, or of more than `most` bytes.
std::optional<std::string> uncompress(std::string_view block, std::size_t most);

}  // namespace itnxt
