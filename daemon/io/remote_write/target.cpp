#include "daemon/io/remote_write/target.hpp"

#include <algorithm>
#include <utility>

#include "daemon/alert/outbox.hpp"
#include "daemon/core/base64.hpp"
#include "daemon/core/version.hpp"

namespace itnxt {
namespace {

constexpr Duration kFlushAfter = 250ms;  // so long a sample waits for others
constexpr Duration kLongestBackOff = 10s;
constexpr Duration kLongestRetryAfter = 5min;

}  // namespace

RemoteTarget::RemoteTarget(Loop& loop, Log& log, HttpPoster& http, ProcessFigures& figures,
                           RemoteWriteConfig config, const std::string& directory)
    : loop_(loop),
      http_(http),
      config_(std::move(config)),
      shards_(config_.queue.shards),
      told_(log, config_.name),
      sent_(figures.counter(Metric::remote_write_samples,
                            {{"target", config_.name}, {"result", "sent"}})),
      refused_(figures.counter(Metric::remote_write_samples,
                               {{"target", config_.name}, {"result", "refused"}})),
      dropped_(figures.counter(Metric::remote_write_samples,
                               {{"target", config_.name}, {"result", "dropped"}})),
      ahead_(figures.counter(Metric::remote_write_samples,
                             {{"target", config_.name}, {"result", "ahead"}})),
      ok_(figures.counter(Metric::remote_write_requests,
                          {{"target", config_.name}, {"result", "ok"}})),
      failed_(figures.counter(Metric::remote_write_requests,
                              {{"target", config_.name}, {"result", "failed"}})),
      rejected_(figures.counter(Metric::remote_write_requests,
                                {{"target", config_.name}, {"result", "refused"}})),
      size_(figures.gauge(Metric::remote_write_queue, {{"target", config_.name}})),
      newest_sent_(figures.gauge(Metric::remote_write_sent, {{"target", config_.name}})) {
  for (std::size_t fault = 0; fault < kWriteFaults; ++fault) {
    faults_.push_back(figures.counter(
        Metric::remote_write_faults,
        {{"target", config_.name}, {"reason", std::string(name(static_cast<WriteFault>(fault)))}}));
  }
  headers_ = {{"Content-Type", "application/x-protobuf"},
              {"Content-Encoding", "snappy"},
              {"X-Prometheus-Remote-Write-Version", "0.1.0"},
              {"User-Agent", "itnxt/" + std::string(kVersion)}};
  headers_.insert(headers_.end(), config_.headers.begin(), config_.headers.end());
  if (config_.bearer_token.source() != Secret::Source::none) {
    headers_.emplace_back("Authorization", "Bearer " + config_.bearer_token.reveal());
  } else if (!config_.user.empty()) {
    headers_.emplace_back("Authorization",
                          "Basic " + base64(config_.user + ':' + config_.password.reveal()));
  }
  open_queue(directory);
}

void RemoteTarget::open_queue(const std::string& directory) {
  std::vector<DiskLog::Entry> waiting;
  if (!directory.empty()) {
    DiskLog::Options options;
    options.directory = directory;
    options.most = WriteQueue::kLogRoom * config_.queue.max_size.count() + 2 * options.file_size;
    auto opened = DiskLog::open(loop_, std::move(options));
    if (opened) {
      disk_ = std::move(opened->log);
      waiting = std::move(opened->waiting);
    } else {
      told_.not_kept(opened.error());
    }
  }
  queue_ = std::make_unique<WriteQueue>(config_.queue, config_.external_labels, disk_.get());
  if (waiting.empty()) return;
  const std::size_t dropped = queue_->restore(waiting);
  told_.restored(queue_->bytes());
  count_dropped(dropped);
  flush();
}

void RemoteTarget::commit() {
  if (!disk_) return;
  queue_->commit();
  told_.disk_is(loop_.now(), disk_->problem());
}

void RemoteTarget::add(const FedSample& sample, bool late, std::uint64_t source) {
  count_dropped(queue_->add(sample, late, source));
  if (!flush_) flush_ = loop_.after(kFlushAfter, [this] { flush(); });
}

void RemoteTarget::flush() {
  flush_.cancel();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].is_due = true;
    send(i);
  }
  show_size();
}

void RemoteTarget::send(std::size_t index) {
  Shard& shard = shards_[index];
  if (shard.call || shard.retry) return;
  const WriteBatch* next = queue_->begin(index);
  if (next == nullptr && shard.is_due) {
    shard.is_due = false;
    count_dropped(queue_->close(index));
    next = queue_->begin(index);
  }
  if (next == nullptr) return;
  shard.samples = next->samples;
  shard.newest = next->newest;
  shard.call = http_.post(request(next->body),
                          [this, index](const HttpAnswer& answer) { answered(index, answer); });
}

HttpRequest RemoteTarget::request(const std::string& body) const {
  return {config_.url, headers_, body};
}

void RemoteTarget::answered(std::size_t index, const HttpAnswer& answer) {
  Shard& shard = shards_[index];
  const Registration over = std::move(shard.call);
  const auto fault = fault_of(answer.status);
  if (fault) faults_[static_cast<std::size_t>(*fault)].add();
  if (fault && is_passing(*fault)) {
    failed(index, answer);
    told_.failed(loop_.now(), *fault, answer, queue_->bytes());
    return;
  }
  queue_->done(index);
  shard.failures = 0;
  if (fault) {
    rejected_.add();
    refused_.add(static_cast<double>(shard.samples));
    told_.refused(loop_.now(), *fault, answer, shard.samples);
  } else {
    delivered(shard);
  }
  show_size();
  send(index);
}

void RemoteTarget::delivered(Shard& shard) {
  ok_.add();
  sent_.add(static_cast<double>(shard.samples));
  newest_ = std::max(newest_, shard.newest);
  newest_sent_.set(static_cast<double>(newest_) / 1000);
  if (std::ranges::all_of(shards_, [](const Shard& one) { return one.failures == 0; })) {
    told_.well();
  }
}

void RemoteTarget::failed(std::size_t index, const HttpAnswer& answer) {
  Shard& shard = shards_[index];
  queue_->again(index);
  failed_.add();
  ++shard.failures;
  Duration wait =
      back_off(shard.failures, kLongestBackOff, config_.name + '/' + std::to_string(index));
  if (answer.retry_after) wait = std::max(wait, std::min(*answer.retry_after, kLongestRetryAfter));
  shard.retry = loop_.after(wait, [this, index] {
    shards_[index].retry.cancel();
    send(index);
  });
}

void RemoteTarget::count_dropped(std::size_t samples) {
  if (samples == 0) return;
  dropped_.add(static_cast<double>(samples));
  told_.dropped(loop_.now(), samples);
}

}  // namespace itnxt
