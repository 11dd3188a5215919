#include "daemon/io/outlet.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace itnxt {
namespace {

constexpr Duration kLookAfter = 1s;
constexpr std::string_view kKey = "transport.aggregators";

// About what a sample takes on the wire.
std::size_t estimate(const Sample& sample) {
  constexpr std::size_t kDevice = 96;
  constexpr std::size_t kRow = 150;
  constexpr std::size_t kCapture = 700;
  const auto* device = std::get_if<DeviceSample>(&sample);
  if (device == nullptr) return kCapture;
  std::size_t bytes = kDevice + device->problem.size() + device->sys_descr.size();
  for (const InterfaceSample& row : device->interfaces) {
    bytes += kRow + row.if_name.size() + row.if_descr.size() + row.if_alias.size();
  }
  return bytes;
}

}  // namespace

// One collector's samples on their way into batches.
class Outlet::Stream final : public Sink {
 public:
  Stream(Outlet& outlet, CollectorName name, BatchQueue::Source queue_source)
      : collector(std::move(name)), source(queue_source), outlet_(outlet) {}

  void publish(Sample sample) override {
    if (ended) return;
    const std::size_t size = estimate(sample);
    // A large sample goes alone: only the rows of a batch's last sample can be spread over parts.
    if (!samples.empty() && gathered_ + size > 4 * outlet_.config_.batch_bytes)
      outlet_.close_batch(*this);
    if (samples.empty()) {
      timer_ =
          outlet_.loop_.after(outlet_.config_.batch_delay, [this] { outlet_.close_batch(*this); });
    }
    samples.push_back(std::move(sample));
    gathered_ += size;
    if (gathered_ >= outlet_.config_.batch_bytes) outlet_.close_batch(*this);
  }

  // After each batch; the next is due within an interval, with samples or without.
  void begin_batch() {
    samples.clear();
    gathered_ = 0;
    timer_.cancel();
    if (ended || interval <= Duration::zero()) return;
    timer_ = outlet_.loop_.after(interval, [this] {
      // While nobody takes batches a sign of life is of no use to anybody.
      if (outlet_.queue_.somebody_is_idle(source)) {
        outlet_.close_batch(*this);
      } else {
        begin_batch();
      }
    });
  }

  const CollectorName collector;
  const BatchQueue::Source source;
  std::vector<BatchQueue::Source> old_sources;  // of the spool file, while that is there
  bool has_file = false;
  std::vector<Sample> samples;
  Duration interval{};
  std::uint64_t sequence = 0;
  bool ended = false;

 private:
  Outlet& outlet_;
  std::size_t gathered_ = 0;  // bytes, estimated
  Timer timer_;
};

Outlet::Outlet(Loop& loop, Log& log, ZmqContext& zmq, OutletConfig config)
    : loop_(loop),
      log_(log),
      zmq_(zmq),
      config_(std::move(config)),
      spool_(config_.spool.directory, log),
      queue_({.max_size = config_.spool.max_size,
              .max_age = config_.spool.max_age,
              .patience = config_.patience},
             config_.endpoints.size()) {
  if (const Status ready = spool_.prepare(); !ready) log_.warning(ready.error());
  for (const std::string& endpoint : config_.endpoints) endpoints_.push_back({endpoint, nullptr});
  for (std::size_t i = 0; i < endpoints_.size(); ++i) connect(i);
  look_after_endpoints();
}

Outlet::~Outlet() = default;

Sink& Outlet::stream(const CollectorName& collector, Duration interval) {
  std::unique_ptr<Stream>& stream = streams_[collector];
  if (!stream) {
    stream =
        std::make_unique<Stream>(*this, collector, queue_.add_source(collector, config_.epoch, {}));
    load(*stream);
  }
  stream->ended = false;
  stream->interval = interval;
  if (stream->samples.empty()) stream->begin_batch();
  return *stream;
}

void Outlet::end_stream(const CollectorName& collector) {
  const auto found = streams_.find(collector);
  if (found == streams_.end()) return;
  Stream& stream = *found->second;
  stream.ended = true;
  if (stream.samples.empty()) {
    stream.begin_batch();
  } else {
    close_batch(stream);
  }
}

// An old batch keeps its epoch, so that the aggregator knows it if it came through after all.
void Outlet::load(Stream& stream) {
  wire::Decoder decoder;
  std::map<std::uint64_t, BatchQueue::Source> sources;
  std::size_t batches = 0;
  const auto take = [&](wire::SpoolRecord&& record) {
    const std::vector<std::string_view> parts(record.parts.begin(), record.parts.end());
    if (decoder.decode(parts) || decoder.batch().collector != stream.collector) return false;
    const Batch& batch = decoder.batch();
    const auto [source, fresh] = sources.try_emplace(batch.epoch);
    if (fresh) {
      std::vector<std::uint64_t> lost;
      for (const Endpoint& endpoint : endpoints_) {
        const auto known =
            std::find_if(record.lost.begin(), record.lost.end(),
                         [&](const auto& one) { return one.first == endpoint.name; });
        lost.push_back(known == record.lost.end() ? 0 : known->second);
      }
      source->second = queue_.add_old_source(stream.source, batch.epoch, std::move(lost));
      stream.old_sources.push_back(source->second);
    }
    const Duration age = std::max(loop_.wall_now() - batch.sent_wall, Duration::zero());
    queue_.push(source->second, batch.sequence, std::move(record.parts), loop_.now() - age,
                loop_.now());
    ++batches;
    return true;
  };
  stream.has_file = spool_.load(stream.collector, take);
  if (batches > 0) {
    log_.notice("undelivered batches of the last stop are sent first",
                {{"collector", stream.collector.text()}, {"batches", std::to_string(batches)}});
  }
  queue_.expire(loop_.now());
  forget_delivered_files();
  pump_all();
}

void Outlet::close_batch(Stream& stream) {
  Batch batch;
  batch.node = config_.node;
  batch.collector = stream.collector;
  batch.epoch = config_.epoch;
  batch.sequence = ++stream.sequence;
  batch.sent_at = source_time(loop_.now());
  batch.sent_wall = loop_.wall_now();
  batch.interval = stream.interval;
  batch.samples = std::move(stream.samples);
  auto parts = wire::encode_parts(batch);
  if (parts) {
    queue_.push(stream.source, batch.sequence, std::move(parts).value(), loop_.now(), loop_.now());
  } else {
    queue_.lose(stream.source);
    log_.error(parts.error() + "; it is lost", {{"collector", stream.collector.text()}});
  }
  batch.samples.clear();
  stream.samples = std::move(batch.samples);  // its memory serves the next batch
  stream.begin_batch();
  pump_all();
}

void Outlet::connect(std::size_t number) {
  Endpoint& endpoint = endpoints_[number];
  endpoint.socket.reset();  // first the old: what it still holds must not go out twice
  auto socket = ZmqSocket::connect_dealer(
      loop_, zmq_, kKey, endpoint.name,
      {.message = [this, number](const ZmqMessage& message) { take_answer(number, message); },
       .writable = [this, number] { pump(number); },
       .disconnected = [this, number] { lose_connection(number); }});
  if (socket) {
    endpoint.socket = std::move(socket).value();
  } else if (!endpoint.silent) {
    log_.error(socket.error());
  }
}

void Outlet::pump(std::size_t number) {
  ZmqSocket* socket = endpoints_[number].socket.get();
  if (socket == nullptr) return;
  while (const auto next = queue_.next(number)) {
    if (!socket->send(*next->parts, wire::lost_field(next->lost))) return;
    queue_.sent(number);
  }
}

void Outlet::pump_all() {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) pump(i);
}

void Outlet::take_answer(std::size_t number, const ZmqMessage& message) {
  Endpoint& endpoint = endpoints_[number];
  const auto ack = wire::decode_ack(message.parts.front());
  if (!ack || !queue_.acknowledge(number, *ack, loop_.now())) return;  // late, or no aggregator
  if (endpoint.silent) {
    endpoint.silent = false;
    log_.notice("aggregator answers again", {{"endpoint", endpoint.name}});
  }
  forget_delivered_files();
  pump(number);
  if (drained_ && queue_.empty()) finish_drain();
}

// The library connects again by itself; it has thrown away what it had not sent.
void Outlet::lose_connection(std::size_t number) {
  queue_.reset(number);
  pump(number);
}

void Outlet::look_after_endpoints() {
  const Instant now = loop_.now();
  queue_.expire(now);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!queue_.stalled(i, now)) continue;
    if (!std::exchange(endpoints_[i].silent, true)) {
      log_.warning("aggregator does not answer; batches are kept for it",
                   {{"endpoint", endpoints_[i].name},
                    {"waiting_batches", std::to_string(queue_.waiting_for(i))}});
    }
    queue_.reset(i);
    queue_.be_patient_again(i, now);
    connect(i);
    pump(i);
  }
  report_loss();
  forget_delivered_files();
  every_second_ = loop_.after(kLookAfter, [this] { look_after_endpoints(); });
}

std::uint64_t Outlet::lost_batches() const {
  std::uint64_t lost = 0;
  for (const auto& [name, stream] : streams_) lost += queue_.lost(stream->source);
  return lost;
}

// At most once a second, however much is dropped.
void Outlet::report_loss() {
  const std::uint64_t lost = lost_batches();
  if (lost == lost_reported_) return;
  log_.warning(
      "undelivered batches were dropped, the oldest first; raise spool.max_size or "
      "spool.max_age, or bring the aggregator back",
      {{"dropped", std::to_string(lost - lost_reported_)},
       {"dropped_total", std::to_string(lost)},
       {"waiting_bytes", std::to_string(queue_.size().count())}});
  lost_reported_ = lost;
}

// A file goes when everything in it is delivered (or dropped), not before.
void Outlet::forget_delivered_files() {
  for (const auto& [name, stream] : streams_) {
    if (!stream->has_file) continue;
    const auto& old = stream->old_sources;
    if (std::any_of(old.begin(), old.end(),
                    [&](BatchQueue::Source source) { return queue_.waiting_of(source) > 0; })) {
      continue;
    }
    spool_.remove(name);
    stream->has_file = false;
    stream->old_sources.clear();
  }
}

void Outlet::drain(Duration limit, std::function<void()> done) {
  drained_ = std::move(done);
  for (const auto& [name, stream] : streams_) {
    stream->ended = true;
    if (stream->samples.empty()) {
      stream->begin_batch();
    } else {
      close_batch(*stream);
    }
  }
  const bool nothing = queue_.empty();
  draining_ = loop_.after(nothing ? Duration::zero() : limit, [this] { finish_drain(); });
}

void Outlet::finish_drain() {
  draining_.cancel();
  every_second_.cancel();
  if (!queue_.empty()) save();
  report_loss();
  for (Endpoint& endpoint : endpoints_) endpoint.silent = true;
  if (const auto done = std::exchange(drained_, nullptr)) done();
}

void Outlet::save() {
  for (const auto& [name, stream] : streams_) {
    std::size_t batches = queue_.waiting_of(stream->source);
    for (const BatchQueue::Source old : stream->old_sources) batches += queue_.waiting_of(old);
    if (batches == 0) continue;
    if (const Status saved = save(*stream); !saved) {
      log_.error("spool.directory " + saved.error() +
                     ": undelivered batches are lost; free space or choose another directory",
                 {{"collector", name.text()}, {"batches", std::to_string(batches)}});
    } else {
      log_.notice("undelivered batches wait in the spool for the next start",
                  {{"collector", name.text()}, {"batches", std::to_string(batches)}});
    }
  }
}

Status Outlet::save(const Stream& stream) {
  auto writer = spool_.write(stream.collector);
  if (!writer) return Error{writer.error()};
  Status status;
  queue_.for_each([&](const BatchQueue::Waiting& waiting) {
    if (!status || waiting.collector != stream.collector) return;
    wire::SpoolRecord record;
    record.parts = waiting.parts;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      if (waiting.lost[i] > 0) record.lost.emplace_back(endpoints_[i].name, waiting.lost[i]);
    }
    status = (*writer)->add(record);
  });
  if (!status) return status;
  return (*writer)->commit();
}

}  // namespace itnxt
