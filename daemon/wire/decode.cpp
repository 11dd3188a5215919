#include <google/protobuf/arena.h>

#include <bit>
#include <limits>

#include "daemon/core/text.hpp"
#include "daemon/wire/codec.hpp"
#include "daemon/wire/fields.hpp"
#include "daemon/wire/itnxt.pb.h"
#include "daemon/wire/series.hpp"

namespace itnxt::wire {
namespace {

constexpr std::size_t kName = 256;  // bytes of text, see itnxt.proto
constexpr std::size_t kLongText = 512;
constexpr const char* kNotPlain =
    ": is no plain text: it has control characters, needless spaces, invalid UTF-8 or more than "
    "256 "
    "bytes; choose another name";
constexpr double kFastest = 1e15;
constexpr std::uint32_t kAllColumns = (1U << kColumns) - 1;

// Enough for the batches of every day (32 KiB of text and counters), so that they cost no malloc.
constexpr std::size_t kArenaBlock = std::size_t{256} << 10;

template <class Name>
void take_name(const std::string& from, const std::string& field, Problem& problem, Name& to) {
  if (to.text() == from && !from.empty()) return;  // the same as in the batch before, and checked
  std::string text;
  sanitize_into(text, from, kName);
  if (text.empty()) problem.say(field + ": is empty");
  to = Name(std::move(text));
}

// A name that is to come back as it was: what cleaning would change is refused.
template <class Name>
void take_exact_name(const std::string& from, const std::string& field, Problem& problem,
                     Name& to) {
  take_name(from, field, problem, to);
  if (to.text() != from) problem.say(field + kNotPlain);
}

void take_counters(const v1::Interface& from, Fields& fields, CounterSet& to) {
  to = CounterSet{};
  const std::uint32_t present = from.present();
  if ((present & ~kAllColumns) != 0) {
    fields.wrong("present", std::to_string(present) + " names columns that do not exist");
    return;
  }
  if ((from.wide() & ~present) != 0) {
    fields.wrong("wide", std::to_string(from.wide()) + " names columns that are not present");
    return;
  }
  if (from.counters_size() != std::popcount(present)) {
    fields.wrong("counters", std::to_string(from.counters_size()) + " values for " +
                                 std::to_string(std::popcount(present)) + " columns");
    return;
  }
  int next = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    if ((present >> i & 1U) == 0) continue;
    const std::uint64_t value = from.counters(next++);
    const bool wide = (from.wide() >> i & 1U) != 0;
    if (!wide && value > std::numeric_limits<std::uint32_t>::max()) {
      fields.wrong("counters", std::to_string(value) + " in a 32-bit column");
      return;
    }
    to.set(static_cast<Column>(i), {value, wide ? CounterWidth::bits64 : CounterWidth::bits32});
  }
}

void take(const v1::Interface& from, Fields& fields, InterfaceSample& to) {
  to.if_index = from.if_index();
  sanitize_into(to.if_name, from.if_name(), kName);
  sanitize_into(to.if_descr, from.if_descr(), kName);
  sanitize_into(to.if_alias, from.if_alias(), kName);
  to.admin = fields.closed(from.admin(), AdminStatus::testing, "admin", "AdminStatus");
  to.oper = fields.closed(from.oper(), OperStatus::lower_layer_down, "oper", "OperStatus");
  to.speed.reset();
  if (from.has_speed()) {
    if (!(from.speed() >= 0 && from.speed() <= kFastest)) {  // so that a NaN fails too
      fields.wrong("speed", "is no number of bytes per second from 0 to 1e15");
    } else {
      to.speed = BytesPerSecond(from.speed());
    }
  }
  to.discontinuity.reset();
  if (from.has_discontinuity()) to.discontinuity = TimeTicks{from.discontinuity()};
  to.at = fields.source_time(from.at_ns(), "at_ns");
  to.uptime = TimeTicks{from.uptime()};
  take_counters(from, fields, to.counters);
}

// Reads `rows` into the device's rows from `first` on, over what is there: their strings keep their
// memory. `before`: rows the batch holds already.
template <class Rows>
void take_rows(const Rows& rows, std::size_t before, std::size_t first, Fields& fields,
               Problem& problem, DeviceSample& to) {
  const auto more = static_cast<std::size_t>(rows.size());
  if (before + more > kMaxInterfaces) {
    fields.wrong("interfaces", std::to_string(before + more) + " in one batch, at most " +
                                   std::to_string(kMaxInterfaces));
    return;
  }
  to.interfaces.resize(first + more);
  for (std::size_t i = 0; i < more && !problem.any(); ++i) {
    fields.row(first + i);
    take(rows.Get(static_cast<int>(i)), fields, to.interfaces[first + i]);
  }
}

void take(const v1::Device& from, std::size_t number, std::size_t rows_before, Problem& problem,
          DeviceSample& to) {
  Fields fields(problem, "device", number);
  take_name(from.device(), fields.name("device"), problem, to.device);
  to.at = fields.source_time(from.at_ns(), "at_ns");
  to.interval = fields.duration(from.interval_ns(), "interval_ns");
  to.took = fields.duration(from.took_ns(), "took_ns");
  to.result = fields.closed(from.result(), PollResult::error, "result", "PollResult");
  sanitize_into(to.problem, from.problem(), kLongText);
  to.uptime.reset();
  if (from.has_uptime()) to.uptime = TimeTicks{from.uptime()};
  sanitize_into(to.sys_name, from.sys_name(), kName);
  sanitize_into(to.sys_descr, from.sys_descr(), kLongText);
  sanitize_into(to.sys_object_id, from.sys_object_id(), kName);
  to.complete = from.complete();
  take_rows(from.interfaces(), rows_before, 0, fields, problem, to);
}

template <class Array, class Values>
void take_packets(const Values& from, const char* field, Fields& fields, Array& to) {
  to = {};
  if (static_cast<std::size_t>(from.size()) > to.size()) {
    fields.wrong(field,
                 std::to_string(from.size()) + " values, at most " + std::to_string(to.size()));
    return;
  }
  for (int i = 0; i < from.size(); ++i) to[static_cast<std::size_t>(i)] = Packets(from.Get(i));
}

void take(const v1::Capture& from, std::size_t number, Problem& problem, CaptureSample& to) {
  Fields fields(problem, "capture", number);
  take_name(from.capture(), fields.name("capture"), problem, to.capture);
  to.at = fields.source_time(from.at_ns(), "at_ns");
  to.interval = fields.duration(from.interval_ns(), "interval_ns");
  to.open = from.open();
  sanitize_into(to.source, from.source(), kLongText);
  to.traffic = {};
  std::uint32_t seen = 0;
  for (const v1::Traffic& row : from.traffic()) {
    const auto direction =
        fields.closed(row.direction(), Direction::unknown, "traffic.direction", "Direction");
    const auto protocol =
        fields.closed(row.protocol(), Protocol::other, "traffic.protocol", "Protocol");
    if (problem.any()) return;
    const auto d = static_cast<std::size_t>(direction);
    const auto p = static_cast<std::size_t>(protocol);
    const std::uint32_t bit = 1U << (d * kProtocols + p);
    if ((seen & bit) != 0) return fields.wrong("traffic", "a direction and protocol come twice");
    seen |= bit;
    to.traffic[d][p] = {Packets(row.packets()), Bytes(row.bytes())};
  }
  take_packets(from.dropped(), "dropped", fields, to.dropped);
  take_packets(from.malformed(), "malformed", fields, to.malformed);
}

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
      case v1::Sample::KIND_NOT_SET:
        if (!newer) problem.say("batch.samples[" + std::to_string(i) + "]: is of no known kind");
        break;
    }
  }
  to.samples.resize(kept);
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
  Fields fields(problem, "device", to.samples.size() - 1);
  take_rows(from.interfaces(), rows_of(to), device->interfaces.size(), fields, problem, *device);
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
    return Refused{Refusal::version, "frame: schema " + std::to_string(*major) +
                                         ", this program reads " + std::to_string(kMajor) +
                                         ": run the same version on both sides"};
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

std::optional<Refused> Decoder::decode(std::span<const std::string_view> parts) {
  if (parts.empty() || parts.size() > kMaxParts) {
    return Refused{Refusal::size, "message: " + std::to_string(parts.size()) +
                                      " parts, expected 1 to " + std::to_string(kMaxParts)};
  }
  Problem problem;
  for (std::size_t i = 0; i < parts.size() && !problem.any(); ++i) {
    memory_->arena.Reset();
    auto* frame = google::protobuf::Arena::CreateMessage<v1::Frame>(&memory_->arena);
    if (auto refused = parse(parts[i], *frame)) return refused;
    if (i == 0 && !frame->has_batch()) {
      problem.say("frame: holds no batch");
    } else if (i > 0 && !frame->has_continuation()) {
      problem.say("frame: part " + std::to_string(i + 1) + " holds no continuation");
    } else if (i == 0) {
      take(frame->batch(), frame->minor() > kMinor, problem, batch_);
      take_sending(*frame, problem, batch_);
    } else {
      take(frame->continuation(), problem, batch_);
    }
  }
  if (!problem.any()) return std::nullopt;
  return Refused{Refusal::content, problem.take()};
}

Result<Batch> decode(std::string_view part) {
  Decoder decoder;
  if (auto refused = decoder.decode({&part, 1})) return Error{std::move(refused->message)};
  return decoder.batch();
}

Result<Ack> decode_ack(std::string_view part) {
  v1::Frame frame;
  if (auto refused = parse(part, frame)) return Error{std::move(refused->message)};
  if (!frame.has_ack()) return Error{"frame: holds no ack"};
  Problem problem;
  Ack ack;
  take_exact_name(frame.ack().collector(), "ack.collector", problem, ack.collector);
  ack.epoch = frame.ack().epoch();
  ack.sequence = frame.ack().sequence();
  if (problem.any()) return Error{problem.take()};
  return ack;
}

Result<SpoolRecord> decode_spool_record(std::string_view bytes) {
  v1::SpoolRecord record;
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{"record: is no itnxt.v1.SpoolRecord"};
  }
  SpoolRecord result;
  result.parts.assign(record.parts().begin(), record.parts().end());
  for (const auto& lost : record.lost()) result.lost.emplace_back(lost.endpoint(), lost.batches());
  return result;
}

}  // namespace itnxt::wire
