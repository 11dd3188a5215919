#include <google/protobuf/arena.h>

#include <algorithm>
#include <limits>

#include "daemon/wire/codec.hpp"
#include "daemon/wire/decode_sample.hpp"
#include "daemon/wire/events.hpp"
#include "daemon/wire/fields.hpp"
#include "daemon/wire/itnxt.pb.h"
#include "daemon/wire/series.hpp"
#include "daemon/wire/talkers.hpp"

namespace itnxt::wire {
namespace {

// Enough for the batches of every day (32 KiB of text and counters), so that they cost no malloc.
constexpr std::size_t kArenaBlock = std::size_t{256} << 10;

template <class T>
T& as(Sample& sample) {
  if (T* same = std::get_if<T>(&sample)) return *same;
  return sample.emplace<T>();
}

void take(const v1::Batch& from, bool newer, Problem& problem, Batch& to) {
  Fields fields(problem, nullptr, 0);
  take_name(from.node(), "batch.node", problem, to.node);
  take_exact_name(from.collector(), "batch.collector", problem, to.collector);
  to.epoch = from.epoch();
  to.sequence = from.sequence();
  if (to.sequence == 0) fields.wrong("sequence", "is 0, expected to count from 1");
  to.closed_at = fields.source_time(from.closed_at_ns(), "closed_at_ns");
  to.closed_wall = WallTime(Duration(fields.time(from.closed_at_unix_ns(), "closed_at_unix_ns")));
  to.interval = fields.duration(from.interval_ns(), "interval_ns");
  const auto count = static_cast<std::size_t>(from.samples_size());
  if (count > kMaxSamples) {
    return fields.wrong("samples",
                        std::to_string(count) + ", at most " + std::to_string(kMaxSamples));
  }
  to.samples.resize(count);
  std::size_t rows = 0;
  std::size_t series_rows = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count && !problem.any(); ++i) {
    const v1::Sample& sample = from.samples(static_cast<int>(i));
    switch (sample.kind_case()) {
      case v1::Sample::kDevice: {
        auto& device = as<DeviceSample>(to.samples[kept++]);
        const auto more = static_cast<std::size_t>(sample.device().interfaces_size());
        take(sample.device(), i, rows, problem, device);
        rows += more;
        break;
      }
      case v1::Sample::kCapture:
        take(sample.capture(), i, problem, as<CaptureSample>(to.samples[kept++]));
        break;
      case v1::Sample::kSeries:
        take_series(sample.series(), i, series_rows, problem, as<SeriesSample>(to.samples[kept++]));
        break;
      case v1::Sample::kTalkers:
        take_talkers(sample.talkers(), i, problem, as<TalkersSample>(to.samples[kept++]));
        break;
      case v1::Sample::KIND_NOT_SET:
        if (!newer) problem.say("batch.samples[" + std::to_string(i) + "]: is of no known kind");
        break;
    }
  }
  to.samples.resize(kept);
}

// Nothing when it cannot be told which one is meant.
template <class Message>
std::optional<BatchName> name_of(const Message& from) {
  Problem problem;
  BatchName name;
  take_exact_name(from.collector(), "collector", problem, name.collector);
  name.epoch = from.epoch();
  name.sequence = from.sequence();
  if (problem.any() || name.sequence == 0) return std::nullopt;
  return name;
}

std::size_t rows_of(const Batch& batch) {
  std::size_t rows = 0;
  for (const Sample& sample : batch.samples) {
    if (const auto* device = std::get_if<DeviceSample>(&sample)) rows += device->interfaces.size();
  }
  return rows;
}

void take(const v1::Continuation& from, Problem& problem, Batch& to) {
  auto* device = to.samples.empty() ? nullptr : std::get_if<DeviceSample>(&to.samples.back());
  if (device == nullptr) return problem.say("continuation: follows no device");
  take(from, to.samples.size() - 1, rows_of(to), problem, *device);
}

void take_sending(const v1::Frame& from, Problem& problem, Batch& to) {
  to.lost = from.lost();
  to.waiting = Bytes(from.waiting_bytes());
  const std::int64_t wall = from.sent_at_unix_ns();
  if (wall < 0 || wall > kLatest) {
    problem.say("frame.sent_at_unix_ns: " + std::to_string(wall) + kNoTime);
  }
  to.sent_wall = wall == 0 ? to.closed_wall : WallTime(Duration(wall));
}

// The frame's major version, which is its first field; nothing when it does not begin with it.
std::optional<std::uint32_t> major_of(std::string_view bytes) {
  constexpr char kTagOfMajor = 0x08;
  if (bytes.empty() || bytes.front() != kTagOfMajor) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 1; i < bytes.size() && i <= 5; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    value |= std::uint64_t{byte & 0x7FU} << (7 * (i - 1));
    if ((byte & 0x80U) == 0) return static_cast<std::uint32_t>(value);
  }
  return std::nullopt;
}

// The version is looked at first: the rest of a foreign major may not even parse.
std::optional<Refused> parse(std::string_view bytes, v1::Frame& frame) {
  if (bytes.size() > kMaxPart) {
    return Refused{Refusal::size, "frame: " + std::to_string(bytes.size()) + " bytes, at most " +
                                      std::to_string(kMaxPart)};
  }
  const auto major = major_of(bytes);
  if (major && *major != kMajor) {
    const bool newer = *major > kMajor;
    return Refused{Refusal::version, "frame: schema " + std::to_string(*major) + " is " +
                                         (newer ? "newer" : "older") + " than the " +
                                         std::to_string(kMajor) + " of its reader: update the " +
                                         (newer ? "reader" : "sender")};
  }
  if (!major || !frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Refused{Refusal::syntax, "frame: is no itnxt.v1.Frame"};
  }
  if (frame.major() != kMajor) {  // a second field 1 further on
    return Refused{Refusal::version, "frame: two schema versions"};
  }
  return std::nullopt;
}

}  // namespace

struct Decoder::Memory {
  std::vector<char> block = std::vector<char>(kArenaBlock);
  google::protobuf::Arena arena{options()};

  google::protobuf::ArenaOptions options() {
    google::protobuf::ArenaOptions chosen;
    chosen.initial_block = block.data();
    chosen.initial_block_size = block.size();
    return chosen;
  }
};

Decoder::Decoder() : memory_(std::make_unique<Memory>()) {}
Decoder::~Decoder() = default;

// Of a message that is not read on: its first part, if that says it.
void Decoder::identify(std::string_view first, Refused& refused) {
  memory_->arena.Reset();
  auto* frame = google::protobuf::Arena::CreateMessage<v1::Frame>(&memory_->arena);
  if (parse(first, *frame) || !frame->has_batch()) return;
  Problem problem;
  take_name(frame->batch().node(), "batch.node", problem, refused.node);
  refused.batch = name_of(frame->batch());
}

std::optional<Refused> Decoder::decode(std::span<const std::string_view> parts) {
  if (parts.empty() || parts.size() > kMaxParts) {
    Refused refused{Refusal::size, "message: " + std::to_string(parts.size()) +
                                       " parts, expected 1 to " + std::to_string(kMaxParts)};
    if (!parts.empty()) identify(parts.front(), refused);
    return refused;
  }
  Problem problem;
  holds_events_ = false;
  bool read_batch = false;
  std::optional<BatchName> name;
  for (std::size_t i = 0; i < parts.size() && !problem.any(); ++i) {
    memory_->arena.Reset();
    auto* frame = google::protobuf::Arena::CreateMessage<v1::Frame>(&memory_->arena);
    if (auto refused = parse(parts[i], *frame)) return refused;
    if (i == 0 && frame->has_events()) {
      holds_events_ = true;
      take_events(frame->events(), problem, events_);
      if (parts.size() > 1) problem.say("message: events are one part, not more");
    } else if (i == 0 && !frame->has_batch()) {
      problem.say("frame: holds neither batch nor events");
    } else if (i > 0 && !frame->has_continuation()) {
      problem.say("frame: part " + std::to_string(i + 1) + " holds no continuation");
    } else if (i == 0) {
      read_batch = true;
      take(frame->batch(), frame->minor() > kMinor, problem, batch_);
      take_sending(*frame, problem, batch_);
      if (problem.any()) name = name_of(frame->batch());
    } else {
      take(frame->continuation(), problem, batch_);
      if (problem.any()) name = BatchName{batch_.collector, batch_.epoch, batch_.sequence};
    }
  }
  if (!problem.any()) return std::nullopt;
  const NodeName node = holds_events_ ? events_.node : read_batch ? batch_.node : NodeName();
  return Refused{Refusal::content, problem.take(), std::move(name), node};
}

Result<Batch> decode(std::string_view part) {
  Decoder decoder;
  if (auto refused = decoder.decode({&part, 1})) return Error{std::move(refused->message)};
  if (decoder.holds_events()) return Error{"frame: holds no batch"};
  return decoder.batch();
}

Result<EventBatch> decode_events(std::string_view part) {
  Decoder decoder;
  if (auto refused = decoder.decode({&part, 1})) return Error{std::move(refused->message)};
  if (!decoder.holds_events()) return Error{"frame: holds no events"};
  return decoder.events();
}

bool is_of_other_major(std::string_view part) {
  return major_of(part).value_or(kMajor) != kMajor;
}

Result<Answer> decode_answer(std::string_view part) {
  v1::Frame frame;
  if (auto refused = parse(part, frame)) return Error{std::move(refused->message)};
  Problem problem;
  Answer answer;
  if (frame.has_ack()) {
    auto& ack = answer.emplace<Ack>();
    take_exact_name(frame.ack().collector(), "ack.collector", problem, ack.collector);
    ack.epoch = frame.ack().epoch();
    ack.sequence = frame.ack().sequence();
    ack.credit = frame.ack().credit() == 0 ? kCredit : std::min(frame.ack().credit(), kMaxCredit);
  } else if (frame.has_event_ack()) {
    auto& ack = answer.emplace<EventAck>();
    take_exact_name(frame.event_ack().collector(), "event_ack.collector", problem, ack.collector);
    ack.epoch = frame.event_ack().epoch();
    ack.sequence = frame.event_ack().sequence();
  } else if (frame.has_refusal()) {
    auto& refusing = answer.emplace<Refusing>();
    sanitize_into(refusing.reason, frame.refusal().reason(), kEventName);
    sanitize_into(refusing.message, frame.refusal().message(), kEventText);
    if (frame.refusal().sequence() != 0) refusing.batch = name_of(frame.refusal());
  } else {
    problem.say("frame: holds no answer");
  }
  if (problem.any()) return Error{problem.take()};
  return answer;
}

Result<SpoolRecord> decode_spool_record(std::string_view bytes) {
  v1::SpoolRecord record;
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{"record: is no itnxt.v1.SpoolRecord"};
  }
  SpoolRecord result;
  result.parts.assign(record.parts().begin(), record.parts().end());
  for (const auto& lost : record.lost()) {
    result.lost.push_back({lost.endpoint(), lost.batches(), lost.epoch(), lost.said()});
  }
  return result;
}

}  // namespace itnxt::wire
