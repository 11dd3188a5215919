#include "daemon/state/completeness.hpp"

namespace itnxt {
namespace {

std::int64_t surplus(std::uint32_t if_number, std::size_t rows) {
  return static_cast<std::int64_t>(rows) - static_cast<std::int64_t>(if_number);
}

}  // namespace

bool Completeness::is_whole(const DeviceSample& sample, std::size_t rows) const {
  if (!sample.complete) return false;
  if (!sample.if_number) return true;
  const std::int64_t beyond = surplus(*sample.if_number, rows);
  return beyond == 0 || beyond == surplus_;
}

bool Completeness::believes(const DeviceSample& sample, std::size_t rows, bool restarted) const {
  if (!is_whole(sample, rows)) return false;
  const bool unchanged = last_change_ && sample.if_table_last_change == last_change_;
  return !unchanged || restarted || sample.if_number != if_number_;
}

void Completeness::learn(const DeviceSample& sample, std::size_t rows) {
  if (!sample.complete) return;
  if_number_ = sample.if_number;
  last_change_ = sample.if_table_last_change;
  surplus_.reset();
  if (sample.if_number) surplus_ = surplus(*sample.if_number, rows);
}

}  // namespace itnxt
