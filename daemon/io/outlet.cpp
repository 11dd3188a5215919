#include "daemon/io/outlet.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "daemon/io/outlet_curve.hpp"
#include "daemon/io/outlet_stream.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kKey = "transport.aggregators";

// About what a sample takes on the wire.
std::size_t estimate(const Sample& sample) {
  constexpr std::size_t kDevice = 96;
  constexpr std::size_t kRow = 150;
  constexpr std::size_t kCapture = 700;
  if (const auto* series = std::get_if<SeriesSample>(&sample)) return wire_size(*series);
  if (const auto* talkers = std::get_if<TalkersSample>(&sample)) {
    return kCapture + (talkers->networks.size() + 2 * talkers->heaviest.size()) * kRow;
  }
  const auto* device = std::get_if<DeviceSample>(&sample);
  if (device == nullptr) return kCapture;
  std::size_t bytes = kDevice + device->problem.size() + device->sys_descr.size();
  for (const InterfaceSample& row : device->interfaces) {
    bytes += kRow + row.if_name.size() + row.if_descr.size() + row.if_alias.size();
  }
  return bytes;
}

}  // namespace

void Outlet::Stream::publish(Sample sample) {
  if (ended) return;
  const std::size_t size = estimate(sample);
  // A large sample goes alone: only the rows of a batch's last sample can be spread over parts.
  const std::size_t full = outlet_.batch_bytes();
  if (!samples.empty() && gathered_ + size > 4 * full) outlet_.close_batch(*this);
  if (samples.empty()) {
    timer_ =
        outlet_.loop_.after(outlet_.config_.batch_delay, [this] { outlet_.close_batch(*this); });
  }
  samples.push_back(std::move(sample));
  gathered_ += size;
  if (gathered_ >= full) outlet_.close_batch(*this);
}

void Outlet::Stream::begin_batch() {
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

Outlet::Outlet(Loop& loop, Log& log, ZmqContext& zmq, OutletConfig config)
    : loop_(loop),
      log_(log),
      zmq_(zmq),
      config_(std::move(config)),
      spool_(config_.spool.directory, log),
      queue_({.max_size = config_.spool.max_size,
              .max_age = config_.spool.max_age,
              .patience = config_.patience,
              .backlog_rate = config_.spool.backlog_rate},
             config_.endpoints.size()),
      event_disk_(loop),
      batch_disk_(loop) {
  if (const Status ready = spool_.prepare(); ready) {
    spool_is_usable_ = true;
  } else {
    log_.warning(ready.error());
  }
  for (const std::string& endpoint : config_.endpoints) endpoints_.push_back({endpoint, nullptr});
  for (std::size_t i = 0; i < endpoints_.size(); ++i) connect(i);
  look_after_endpoints();
}

Outlet::~Outlet() = default;

Sink& Outlet::stream(const CollectorName& collector, Duration interval) {
  std::unique_ptr<Stream>& stream = streams_[collector];
  if (!stream) {
    stream =
        std::make_unique<Stream>(*this, collector, queue_.add_source(collector, config_.epoch));
    stream_of_.push_back(stream.get());
    load(*stream);
    EventLogOptions events;
    events.node = config_.node;
    events.collector = collector;
    events.endpoints = config_.endpoints;
    events.run = config_.epoch;
    if (stream->files) {
      const std::filesystem::path stem(spool_.stem_of(collector));
      events.file.directory = stem.parent_path();
      events.file.name = stem.filename().string() + ".events";
    }
    stream->events = std::make_unique<EventLog>(loop_, log_, event_disk_, std::move(events),
                                                [this] { pump_all(); });
    pump_all();
    tick_later();
  }
  stream->ended = false;
  stream->interval = interval;
  queue_.set_interval(stream->source, interval);
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

std::string Outlet::files_of(const CollectorName& collector) const {
  const auto found = streams_.find(collector);
  const bool ours = found != streams_.end() && found->second->files;
  return ours ? spool_.stem_of(collector) : "";
}

// An event does not overtake the batch that is under way, and on a slow link that takes its time.
std::size_t Outlet::batch_bytes() const {
  const std::optional<Bytes> fitting = queue_.fitting_batch();
  return fitting ? std::min<std::size_t>(config_.batch_bytes, fitting->count())
                 : config_.batch_bytes;
}

void Outlet::close_batch(Stream& stream) {
  Batch batch;
  batch.node = config_.node;
  batch.collector = stream.collector;
  batch.epoch = config_.epoch;
  batch.sequence = ++stream.sequence;
  batch.closed_at = source_time(loop_.now());
  batch.closed_wall = loop_.wall_now();
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
  if (queue_.in_memory() > BatchQueueLimits{}.memory) use_disk(false);
  tick_later();
}

void Outlet::connect(std::size_t number) {
  Endpoint& endpoint = endpoints_[number];
  endpoint.again.cancel();
  endpoint.socket.reset();  // first the old: what it still holds must not go out twice
  auto socket = ZmqSocket::connect_dealer(
      loop_, zmq_, kKey, endpoint.name,
      {.message = [this, number](const ZmqMessage& message) { take_answer(number, message); },
       .writable = [this, number] { pump(number); },
       .disconnected = [this, number] { lose_connection(number); },
       .refused = [this, number](HandshakeFault fault) { take_refusal(number, fault); }},
      curve_of(config_, endpoint.name));
  if (socket) {
    endpoint.socket = std::move(socket).value();
  } else if (!endpoint.silent) {
    log_.error(socket.error());
  }
}

void Outlet::pump(std::size_t number) {
  ZmqSocket* socket = endpoints_[number].socket.get();
  if (socket == nullptr || !pump_events(number)) return;
  while (const auto next = queue_.next(number, loop_.now())) {
    const wire::Sending sending{next->lost, next->waiting, loop_.wall_now()};
    if (!socket->send(*next->parts, wire::encode(sending))) return;
    queue_.sent(number, loop_.now());
  }
  read_for(number);
}

// False: nothing else may be sent now.
bool Outlet::pump_events(std::size_t number) {
  for (const auto& [name, stream] : streams_) {
    if (!stream->events) continue;  // it is being made
    while (const auto message = stream->events->next(number)) {
      if (!endpoints_[number].socket->send({&*message, 1}, {})) return false;
      stream->events->sent(number);
    }
    if (stream->events->is_reading(number)) return false;
  }
  return true;
}

void Outlet::pump_all() {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) pump(i);
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
  const bool nothing = all_is_delivered();
  draining_ = loop_.after(nothing ? Duration::zero() : limit, [this] { finish_drain(); });
}

void Outlet::finish_drain() {
  draining_.cancel();
  every_second_.cancel();
  tick_.cancel();
  const std::uint64_t lost = lost_batches();
  if (const auto unsaid = loss_report_.unsaid(lost); unsaid > 0) say_loss(unsaid, lost);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    endpoints_[i].again.cancel();
    endpoints_[i].socket.reset();
    reset(i);
  }
  begin_saving();
}

void Outlet::end_drain() {
  over_ = true;
  if (const auto done = std::exchange(drained_, nullptr)) done();
}

}  // namespace itnxt
