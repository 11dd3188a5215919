#include "daemon/io/remote_write/target_log.hpp"

#include <utility>

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostShown = 200;  // bytes of an answer

std::string first_line(std::string_view body) {
  return sanitize(body.substr(0, body.find_first_of("\r\n")), kMostShown);
}

std::string problem_of(WriteFault fault, const HttpAnswer& answer) {
  if (answer.status == 0) return answer.problem;
  std::string text = "HTTP status " + std::to_string(answer.status);
  if (fault == WriteFault::redirect && !answer.location.empty()) {
    text += " to " + shown_address(answer.location);
  }
  return text;
}

}  // namespace

bool TargetLog::is_due(Tally& tally, Instant now, std::uint64_t more) {
  tally.untold += more;
  if (now < tally.tell_at) return false;
  tally.tell_at = now + kTellEvery;
  return true;
}

void TargetLog::failed(Instant now, WriteFault fault, const HttpAnswer& answer,
                       std::size_t waiting) {
  ++failures_;
  if (now < (is_failing_ ? tell_failing_at_ : tell_begin_at_)) return;
  tell_failing_at_ = now + kTellEvery;
  tell_begin_at_ = now + kTellBegin;
  const bool goes_on = std::exchange(is_failing_, true);
  log_.warning(
      goes_on ? "remote write: the store still does not take samples; they wait and are sent again"
              : "remote write: the store does not take samples; they wait and are sent again",
      {{"target", target_},
       {"problem", problem_of(fault, answer)},
       {"reason", std::string(name(fault))},
       {"advice", std::string(advice(fault))},
       {"failed_requests", std::to_string(failures_)},
       {"waiting_bytes", std::to_string(waiting)}});
}

void TargetLog::well() {
  if (!std::exchange(is_failing_, false)) return;
  log_.notice(
      "remote write: the store takes samples again",
      {{"target", target_}, {"failed_requests", std::to_string(std::exchange(failures_, 0))}});
}

void TargetLog::refused(Instant now, WriteFault fault, const HttpAnswer& answer,
                        std::size_t samples) {
  Tally& tally = refused_[static_cast<std::size_t>(fault)];
  if (!is_due(tally, now, samples)) return;
  log_.warning("remote write: the store refuses samples; they are not sent again",
               {{"target", target_},
                {"status", std::to_string(answer.status)},
                {"answer", first_line(answer.body)},
                {"reason", std::string(name(fault))},
                {"advice", std::string(advice(fault))},
                {"samples", std::to_string(std::exchange(tally.untold, 0))}});
}

void TargetLog::dropped(Instant now, std::size_t samples) {
  if (!is_due(dropped_, now, samples)) return;
  log_.warning(
      "remote write: the queue is full, its oldest samples are dropped; raise "
      "queue.max_size, or help the store",
      {{"target", target_}, {"samples", std::to_string(std::exchange(dropped_.untold, 0))}});
}

void TargetLog::not_kept(const std::string& problem) {
  log_.error(
      "remote write: what waits for the store is in memory only, and a kill loses it; mend the "
      "directory and start anew",
      {{"target", target_}, {"problem", problem}});
}

void TargetLog::restored(std::size_t bytes) {
  log_.notice("remote write: what waited when the aggregator ended is sent now",
              {{"target", target_}, {"bytes", std::to_string(bytes)}});
}

void TargetLog::disk_is(Instant now, const std::string& problem) {
  if (disk_fails_ == !problem.empty() || now < tell_disk_at_) return;
  tell_disk_at_ = now + kTellBegin;
  disk_fails_ = !problem.empty();
  if (disk_fails_) {
    log_.warning(
        "remote write: what waits for the store is in memory only for now, and a kill loses it; "
        "make room or mend the disk",
        {{"target", target_}, {"problem", problem}});
  } else {
    log_.notice("remote write: what waits for the store is kept on the disk again",
                {{"target", target_}});
  }
}

}  // namespace itnxt
