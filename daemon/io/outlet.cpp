#include "daemon/io/outlet.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/io/outlet_stream.hpp"

namespace itnxt {
namespace {

constexpr Duration kLookAfter = 1s;
constexpr Duration kComplainEvery = 10s;  // of one endpoint
constexpr std::string_view kKey = "transport.aggregators";

// About what a sample takes on the wire.
std::size_t estimate(const Sample& sample) {
  constexpr std::size_t kDevice = 96;
  constexpr std::size_t kRow = 150;
  constexpr std::size_t kCapture = 700;
  if (const auto* series = std::get_if<SeriesSample>(&sample)) return wire_size(*series);
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
              .patience = config_.patience},
             config_.endpoints.size()),
      event_disk_(loop) {
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
        std::make_unique<Stream>(*this, collector, queue_.add_source(collector, config_.epoch, {}));
    load(*stream);
    EventLogOptions events;
    events.node = config_.node;
    events.collector = collector;
    events.endpoints = config_.endpoints;
    events.run = config_.epoch;
    if (stream->claimed) events.file.path = spool_.stem_of(collector) + ".events";
    stream->events = std::make_unique<EventLog>(loop_, log_, event_disk_, std::move(events),
                                                [this] { pump_all(); });
    pump_all();
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

std::string Outlet::files_of(const CollectorName& collector) const {
  const auto found = streams_.find(collector);
  const bool ours = found != streams_.end() && found->second->claimed;
  return ours ? spool_.stem_of(collector) : "";
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
  if (socket == nullptr || !pump_events(number)) return;
  while (const auto next = queue_.next(number)) {
    const wire::Sending sending{next->lost, next->waiting, loop_.wall_now()};
    if (!socket->send(*next->parts, wire::encode(sending))) return;
    queue_.sent(number);
  }
}

// False: there is no room for more now.
bool Outlet::pump_events(std::size_t number) {
  for (const auto& [name, stream] : streams_) {
    if (!stream->events) continue;  // it is being made
    while (const auto message = stream->events->next(number)) {
      if (!endpoints_[number].socket->send({&*message, 1}, {})) return false;
      stream->events->sent(number);
    }
  }
  return true;
}

void Outlet::pump_all() {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) pump(i);
}

void Outlet::take_answer(std::size_t number, const ZmqMessage& message) {
  const auto answer = wire::decode_answer(message.parts.front());
  if (!answer) {
    return complain(number,
                    "an answer of this aggregator is not understood: is it one, and of this "
                    "version?",
                    "answer", answer.error());
  }
  if (const auto* ack = std::get_if<wire::Ack>(&*answer)) return take_ack(number, *ack);
  if (const auto* ack = std::get_if<wire::EventAck>(&*answer)) return take_ack(number, *ack);
  const auto& refusing = std::get<wire::Refusing>(*answer);
  complain(number,
           refusing.reason == "version"
               ? "aggregator is of another version and refuses what it is sent: bring both to one "
                 "version"
               : "aggregator refuses what it is sent",
           refusing.reason, refusing.message);
}

void Outlet::take_ack(std::size_t number, const wire::Ack& ack) {
  if (!queue_.acknowledge(number, ack, loop_.now())) return;  // late
  answered(number);
}

void Outlet::take_ack(std::size_t number, const wire::EventAck& ack) {
  const auto stream = streams_.find(ack.collector);
  if (stream == streams_.end() || !stream->second->events->acknowledge(number, ack)) return;
  answered(number);
}

void Outlet::answered(std::size_t number) {
  Endpoint& endpoint = endpoints_[number];
  if (std::exchange(endpoint.silent, false)) {
    log_.notice("aggregator answers again", {{"endpoint", endpoint.name}});
  }
  forget_delivered_files();
  pump(number);
  if (drained_ && all_is_delivered()) finish_drain();
}

void Outlet::complain(std::size_t number, std::string_view what, const std::string& reason,
                      const std::string& message) {
  Endpoint& endpoint = endpoints_[number];
  if (endpoint.complained_at && loop_.now() - *endpoint.complained_at < kComplainEvery) {
    ++endpoint.unsaid;
    return;
  }
  endpoint.complained_at = loop_.now();
  log_.error(what, {{"endpoint", endpoint.name},
                    {"reason", reason},
                    {"message", message},
                    {"unsaid", std::to_string(std::exchange(endpoint.unsaid, 0))}});
}

bool Outlet::events_stall(std::size_t number) const {
  return std::any_of(streams_.begin(), streams_.end(), [&](const auto& one) {
    return one.second->events->stalled(number, config_.patience);
  });
}

bool Outlet::all_is_delivered() const {
  return queue_.empty() && std::all_of(streams_.begin(), streams_.end(), [](const auto& one) {
           return one.second->events->waiting() == 0;
         });
}

// The library connects again by itself; it has thrown away what it had not sent.
void Outlet::lose_connection(std::size_t number) {
  reset(number);
  pump(number);
}

void Outlet::reset(std::size_t number) {
  queue_.reset(number);
  for (const auto& [name, stream] : streams_) {
    if (stream->events) stream->events->reset(number);
  }
}

void Outlet::look_after_endpoints() {
  const Instant now = loop_.now();
  queue_.expire(now);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!queue_.stalled(i, now) && !events_stall(i)) continue;
    if (!std::exchange(endpoints_[i].silent, true)) {
      log_.warning("aggregator does not answer; batches are kept for it",
                   {{"endpoint", endpoints_[i].name},
                    {"waiting_batches", std::to_string(queue_.waiting_for(i))}});
    }
    reset(i);
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
  report_loss();
  // An acknowledgement that came now would take the file that is being written.
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    endpoints_[i].socket.reset();
    reset(i);
  }
  if (queue_.empty()) return end_drain();
  begin_saving();
}

void Outlet::end_drain() {
  if (const auto done = std::exchange(drained_, nullptr)) done();
}

}  // namespace itnxt
