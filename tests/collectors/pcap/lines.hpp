// Series as text, to be compared whole.
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "daemon/core/series.hpp"

namespace itnxt::pcap {

// "name{labels} value" of each row.
inline std::string lines(const SeriesFamily& family) {
  std::string text;
  for (const SeriesRow& row : family.rows) {
    text += family.name + '{';
    for (std::size_t i = 0; i < row.labels.size(); ++i) {
      text += (i == 0 ? "" : ",") + family.labels[i] + '=' + row.labels[i];
    }
    text += "} ";
    if (const auto* whole = std::get_if<std::uint64_t>(&row.value)) {
      text += std::to_string(*whole);
    } else if (const auto* real = std::get_if<double>(&row.value)) {
      text += std::to_string(static_cast<long long>(*real));
    }
    text += '\n';
  }
  return text;
}
inline std::string lines(const std::vector<SeriesFamily>& families) {
  return std::accumulate(families.begin(), families.end(), std::string(),
                         [](std::string text, const auto& one) { return text + lines(one); });
}

}  // namespace itnxt::pcap
