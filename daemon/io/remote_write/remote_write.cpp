#include "daemon/io/remote_write/remote_write.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "daemon/core/hash.hpp"

namespace itnxt {
namespace {

constexpr Duration kLookDrained = 20ms;

std::int64_t to_ms(WallTime t) {
  return std::chrono::floor<std::chrono::milliseconds>(t).time_since_epoch().count();
}

std::uint64_t hash_of(const SampleSource& source) {
  return stable_hash(source.node.text() + '\n' + source.collector.text());
}

}  // namespace

// What was known at the time of a backlog: names, rates and links come out as they would have, but
// for the rates of each device's first sample.
class RemoteWrite::Past final : private Taken {
 public:
  Past(const Config& config, RemoteWrite& to)
      : to_(to), table_(config), feed_(SampleFeed::Of::past, to) {}
  void replay(const Batch& batch) { table_.replay(batch, *this); }
  void reconfigure(const Config& config) { table_.reconfigure(config); }

 private:
  void took(const Sample& sample, const SampleSource& source) override {
    to_.source_ = hash_of(source);
    feed_.took(sample, source, table_);
  }
  RemoteWrite& to_;
  Table table_;
  SampleFeed feed_;
};

RemoteWrite::RemoteWrite(Loop& loop, Log& log, HttpPoster& http, ProcessFigures& figures,
                         Table& table, const Config& config)
    : loop_(loop),
      log_(log),
      http_(http),
      figures_(figures),
      table_(table),
      feed_(SampleFeed::Of::present, *this) {
  reconfigure(config);
}

RemoteWrite::~RemoteWrite() = default;

void RemoteWrite::reconfigure(const Config& config) {
  config_ = config;
  if (past_) past_->reconfigure(config);
  std::vector<std::unique_ptr<RemoteTarget>> before = std::move(targets_);
  targets_.clear();
  for (const RemoteWriteConfig& wanted : config.aggregator.remote_write) {
    const auto named = std::ranges::find_if(
        before, [&](const auto& one) { return one && one->config().name == wanted.name; });
    if (named != before.end() && (*named)->config() == wanted) {
      targets_.push_back(std::move(*named));
      continue;
    }
    if (named != before.end()) {
      if (!(*named)->is_kept()) tell_gone(**named);
      named->reset();  // what is on the disk is its successor's
    }
    targets_.push_back(
        std::make_unique<RemoteTarget>(loop_, log_, http_, figures_, wanted, directory_of(wanted)));
  }
  for (const auto& gone : before) {
    if (gone) tell_gone(*gone);
  }
}

void RemoteWrite::tell_gone(const RemoteTarget& gone) {
  if (gone.idle()) return;
  log_.warning(gone.is_kept()
                   ? "remote write: a target went; what waits for it stays on the disk until one "
                     "of its name "
                     "is there again"
                   : "remote write: a target changed or went; what waited for it is dropped",
               {{"target", gone.config().name}, {"bytes", std::to_string(gone.bytes())}});
}

// Names hold what no file's name may.
std::string RemoteWrite::directory_of(const RemoteWriteConfig& target) const {
  if (config_.aggregator.state.empty()) return {};
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), stable_hash(target.name), 16).ptr;
  return config_.aggregator.state + "/remote_write/" + std::string(digits.begin(), end);
}

void RemoteWrite::commit() {
  for (const auto& target : targets_) target->commit();
}

void RemoteWrite::took(const Sample& sample, const SampleSource& source) {
  source_ = hash_of(source);
  on_time_ = to_ms(loop_.wall_now() - kOnTime);
  ahead_ = to_ms(loop_.wall_now() + kMostAhead);
  feed_.set_horizon(ahead_);
  feed_.took(sample, source, table_);
}

void RemoteWrite::backlog(const Batch& batch) {
  if (!past_) past_ = std::make_unique<Past>(config_, *this);
  past_used_ = loop_.now();
  ahead_ = to_ms(loop_.wall_now() + kMostAhead);
  is_past_ = true;
  past_->replay(batch);
  is_past_ = false;
}

void RemoteWrite::fed(const FedSample& sample) {
  if (sample.at <= 0) return;  // before 1970: a clock that was never set
  const bool is_late = is_past_ || sample.late || sample.at < on_time_;
  for (const auto& target : targets_) {
    if (sample.at > ahead_) {
      target->count_ahead();
    } else {
      target->add(sample, is_late, source_);
    }
  }
}

void RemoteWrite::tick() {
  source_ = 0;
  on_time_ = to_ms(loop_.wall_now() - kOnTime);
  ahead_ = to_ms(loop_.wall_now() + kMostAhead);
  feed_.set_horizon(ahead_);
  feed_.look(table_, loop_.wall_now());
  commit();
  if (past_ && loop_.now() - past_used_ > kPastKept) past_.reset();
}

void RemoteWrite::drain(Duration most, Loop::Callback done) {
  drained_by_ = loop_.now() + most;
  drained_ = std::move(done);
  for (const auto& target : targets_) target->flush();
  poll_drained();
}

void RemoteWrite::poll_drained() {
  const bool idle = std::ranges::all_of(targets_, [](const auto& one) { return one->idle(); });
  if (idle || loop_.now() >= drained_by_) {
    drain_.cancel();
    if (auto done = std::exchange(drained_, {})) done();
    return;
  }
  drain_ = loop_.after(kLookDrained, [this] { poll_drained(); });
}

}  // namespace itnxt
