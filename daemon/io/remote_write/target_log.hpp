// What the log says of one store: a line when it begins to fail, one each kTellEvery with counts
// while it goes on, one when it is well; of each reason to refuse the first at once, then likewise.
// A store that fails and recovers by turns is said to fail once in kTellBegin. Pure but for the
// log.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "daemon/core/log.hpp"
#include "daemon/core/time.hpp"
#include "daemon/io/http_client.hpp"
#include "daemon/io/remote_write/answers.hpp"

namespace itnxt {

class TargetLog {
 public:
  static constexpr Duration kTellEvery = std::chrono::minutes(5);
  static constexpr Duration kTellBegin = std::chrono::minutes(1);

  // `log` outlives it. `target`: safe to print.
  TargetLog(Log& log, std::string target) : log_(log), target_(std::move(target)) {}

  // A request that is sent again. `waiting`: bytes in the queue.
  void failed(Instant now, WriteFault fault, const HttpAnswer& answer, std::size_t waiting);
  // All that is sent is taken.
  void well();
  void refused(Instant now, WriteFault fault, const HttpAnswer& answer, std::size_t samples);
  void dropped(Instant now, std::size_t samples);
  // What waits is in memory only, for good; a former process left something; for now.
  void not_kept(const std::string& problem);
  void restored(std::size_t bytes);
  void disk_is(Instant now, const std::string& problem);

 private:
  struct Tally {
    std::uint64_t untold = 0;
    Instant tell_at = Instant::min();
  };
  static bool is_due(Tally& tally, Instant now, std::uint64_t more);

  Log& log_;
  const std::string target_;
  bool is_failing_ = false;  // as far as the log says
  std::uint64_t failures_ = 0;
  Instant tell_begin_at_ = Instant::min();
  Instant tell_failing_at_{};
  std::array<Tally, kWriteFaults> refused_;
  Tally dropped_;
  bool disk_fails_ = false;  // as far as the log says
  Instant tell_disk_at_ = Instant::min();
};

}  // namespace itnxt
