#include "daemon/io/remote_write/target.hpp"

#include <algorithm>
#include <utility>

#include "daemon/alert/outbox.hpp"
#include "daemon/core/base64.hpp"
#include "daemon/core/text.hpp"
#include "daemon/core/version.hpp"

namespace itnxt {
namespace {

constexpr Duration kFlushAfter = 250ms;  // so long a sample waits for others
constexpr Duration kLongestBackOff = 10s;
constexpr Duration kLongestRetryAfter = 5min;
constexpr Duration kTellEvery = 1min;
constexpr std::size_t kMostShown = 200;  // bytes of an answer

std::string first_line(std::string_view body) {
  return sanitize(body.substr(0, body.find_first_of("\r\n")), kMostShown);
}

}  // namespace

RemoteTarget::RemoteTarget(Loop& loop, Log& log, HttpPoster& http, ProcessFigures& figures,
                           RemoteWriteConfig config)
    : loop_(loop),
      log_(log),
      http_(http),
      config_(std::move(config)),
      queue_(config_.queue, config_.external_labels),
      shards_(config_.queue.shards),
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
}

void RemoteTarget::add(const FedSample& sample, bool late, std::uint64_t source) {
  count_dropped(queue_.add(sample, late, source));
  if (!flush_) flush_ = loop_.after(kFlushAfter, [this] { flush(); });
}

void RemoteTarget::flush() {
  flush_.cancel();
  count_dropped(queue_.close_all());
  for (std::size_t i = 0; i < shards_.size(); ++i) send(i);
  show_size();
}

void RemoteTarget::send(std::size_t index) {
  Shard& shard = shards_[index];
  if (shard.call || shard.retry) return;
  const WriteBatch* next = queue_.begin(index);
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
  if (answer.status == 0 || answer.status == 429 || answer.status >= 500) {
    failed(index, answer);
    return;
  }
  queue_.done(index);
  shard.failures = 0;
  if (answer.status >= 200 && answer.status < 300) {
    delivered(shard);
  } else {
    refused(shard, answer);
  }
  show_size();
  send(index);
}

void RemoteTarget::delivered(Shard& shard) {
  ok_.add();
  sent_.add(static_cast<double>(shard.samples));
  newest_ = std::max(newest_, shard.newest);
  newest_sent_.set(static_cast<double>(newest_) / 1000);
  if (is_failing_)
    log_.notice("remote write: the store takes samples again", {{"target", config_.name}});
  is_failing_ = false;
}

void RemoteTarget::refused(const Shard& shard, const HttpAnswer& answer) {
  rejected_.add();
  refused_.add(static_cast<double>(shard.samples));
  refused_untold_ += shard.samples;
  if (loop_.now() < tell_refused_at_) return;
  tell_refused_at_ = loop_.now() + kTellEvery;
  log_.warning("remote write: the store refuses samples; they are not sent again",
               {{"target", config_.name},
                {"status", std::to_string(answer.status)},
                {"answer", first_line(answer.body)},
                {"samples", std::to_string(std::exchange(refused_untold_, 0))}});
}

void RemoteTarget::failed(std::size_t index, const HttpAnswer& answer) {
  Shard& shard = shards_[index];
  queue_.again(index);
  failed_.add();
  ++shard.failures;
  Duration wait =
      back_off(shard.failures, kLongestBackOff, config_.name + '/' + std::to_string(index));
  if (answer.retry_after) wait = std::max(wait, std::min(*answer.retry_after, kLongestRetryAfter));
  shard.retry = loop_.after(wait, [this, index] {
    shards_[index].retry.cancel();
    send(index);
  });
  if (is_failing_) return;
  is_failing_ = true;
  log_.warning("remote write: the store does not take samples; they wait and are sent again",
               {{"target", config_.name},
                {"problem", answer.status == 0 ? answer.problem
                                               : "HTTP status " + std::to_string(answer.status)}});
}

void RemoteTarget::count_dropped(std::size_t samples) {
  if (samples == 0) return;
  dropped_.add(static_cast<double>(samples));
  dropped_untold_ += samples;
  if (loop_.now() < tell_dropped_at_) return;
  tell_dropped_at_ = loop_.now() + kTellEvery;
  log_.warning(
      "remote write: the queue is full, its oldest samples are dropped; raise "
      "queue.max_size, or help the store",
      {{"target", config_.name}, {"samples", std::to_string(std::exchange(dropped_untold_, 0))}});
}

}  // namespace itnxt
