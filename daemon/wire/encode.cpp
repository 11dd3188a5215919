#include <google/protobuf/arena.h>

#include <algorithm>

#include "daemon/wire/codec.hpp"
#include "daemon/wire/events.hpp"
#include "daemon/wire/itnxt.pb.h"
#include "daemon/wire/series.hpp"
#include "daemon/wire/talkers.hpp"

namespace itnxt::wire {
namespace {

// Room for the fields around a part's rows: tags, lengths, version, Sending.
constexpr std::size_t kPartMargin = 64;

void put(const InterfaceSample& from, v1::Interface& to) {
  to.set_if_index(from.if_index);
  to.set_if_name(from.if_name);
  to.set_if_descr(from.if_descr);
  to.set_if_alias(from.if_alias);
  const auto address = from.phys_address.octets();
  if (!address.empty()) to.set_phys_address(address.data(), address.size());
  to.set_admin(static_cast<v1::AdminStatus>(from.admin));
  to.set_oper(static_cast<v1::OperStatus>(from.oper));
  if (from.speed) to.set_speed(from.speed->count());
  if (from.discontinuity) to.set_discontinuity(from.discontinuity->hundredths);
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_uptime(from.uptime.hundredths);
  std::uint32_t present = 0;
  std::uint32_t wide = 0;
  to.mutable_counters()->Reserve(static_cast<int>(kColumns));
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto counter = from.counters.get(static_cast<Column>(i));
    if (!counter) continue;
    present |= 1U << i;
    if (counter->width == CounterWidth::bits64) wide |= 1U << i;
    to.mutable_counters()->AddAlreadyReserved(counter->value);
  }
  to.set_present(present);
  to.set_wide(wide);
}

void put(const DeviceSample& from, std::size_t rows, v1::Device& to) {
  to.set_device(from.device.text());
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_interval_ns(from.interval.count());
  to.set_took_ns(from.took.count());
  to.set_result(static_cast<v1::PollResult>(from.result));
  to.set_problem(from.problem);
  if (from.uptime) to.set_uptime(from.uptime->hundredths);
  to.set_sys_name(from.sys_name);
  to.set_sys_descr(from.sys_descr);
  to.set_sys_object_id(from.sys_object_id);
  to.set_complete(from.complete && from.interfaces.size() <= kMaxInterfaces);
  to.set_answered(from.answered);
  to.set_own(from.own);
  if (from.if_number) to.set_if_number(*from.if_number);
  if (from.if_table_last_change) {
    to.set_if_table_last_change(from.if_table_last_change->hundredths);
  }
  if (from.totals) {
    for (const std::uint64_t count : from.totals->ignored) to.mutable_totals()->add_ignored(count);
    for (const std::uint64_t count : from.totals->broken) to.mutable_totals()->add_broken(count);
  }
  to.mutable_interfaces()->Reserve(static_cast<int>(rows));
  for (std::size_t i = 0; i < rows; ++i) put(from.interfaces[i], *to.add_interfaces());
}

template <class Kind, class Row>
void put(const TrafficCount& count, v1::Direction direction, std::size_t kind, Row& to) {
  to.set_direction(direction);
  to.set_protocol(static_cast<Kind>(kind));
  to.set_packets(count.packets.count());
  to.set_bytes(count.bytes.count());
}

// One direction. What older aggregators do not know goes in `other`, and beside it on its own.
void put(const std::array<TrafficCount, kProtocols>& from, v1::Direction direction,
         v1::Capture& to) {
  TrafficCount other = from[kOldProtocols - 1];
  for (std::size_t p = kOldProtocols; p < kProtocols; ++p) {
    if (from[p] == TrafficCount{}) continue;
    other.packets += from[p].packets;
    other.bytes += from[p].bytes;
    put<v1::OtherProtocol>(from[p], direction, p - kOldProtocols, *to.add_of_other());
  }
  for (std::size_t p = 0; p < kOldProtocols; ++p) {
    const TrafficCount& count = p + 1 == kOldProtocols ? other : from[p];
    if (count == TrafficCount{}) continue;
    put<v1::Protocol>(count, direction, p, *to.add_traffic());
  }
}

void put(const CaptureSample& from, v1::Capture& to) {
  to.set_capture(from.capture.text());
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_interval_ns(from.interval.count());
  to.set_open(from.open);
  to.set_source(from.source);
  to.set_link(from.link.text());
  for (std::size_t d = 0; d < kDirections; ++d)
    put(from.traffic[d], static_cast<v1::Direction>(d), to);
  for (const Packets dropped : from.dropped) to.add_dropped(dropped.count());
  for (const Packets malformed : from.malformed) to.add_malformed(malformed.count());
}

// `last_rows`: how many rows of the last sample go in, if that is a device.
void put(const Batch& from, std::size_t last_rows, v1::Batch& to) {
  to.set_node(from.node.text());
  to.set_collector(from.collector.text());
  to.set_epoch(from.epoch);
  to.set_sequence(from.sequence);
  to.set_closed_at_ns(from.closed_at.time_since_epoch().count());
  to.set_closed_at_unix_ns(from.closed_wall.time_since_epoch().count());
  to.set_interval_ns(from.interval.count());
  for (const Sample& sample : from.samples) {
    const bool last = &sample == &from.samples.back();
    if (const auto* device = std::get_if<DeviceSample>(&sample)) {
      const std::size_t rows =
          std::min(last ? last_rows : kMaxInterfaces, device->interfaces.size());
      put(*device, rows, *to.add_samples()->mutable_device());
    } else if (const auto* capture = std::get_if<CaptureSample>(&sample)) {
      put(*capture, *to.add_samples()->mutable_capture());
    } else if (const auto* series = std::get_if<SeriesSample>(&sample)) {
      put_series(*series, *to.add_samples()->mutable_series());
    } else if (const auto* talkers = std::get_if<TalkersSample>(&sample)) {
      put_talkers(*talkers, *to.add_samples()->mutable_talkers());
    }
  }
}

void put(const Sending& from, v1::Frame& to) {
  to.set_lost(from.lost);
  to.set_waiting_bytes(from.waiting.count());
  to.set_sent_at_unix_ns(from.wall.time_since_epoch().count());
}

v1::Frame* new_frame(google::protobuf::Arena& arena) {
  auto* frame = google::protobuf::Arena::CreateMessage<v1::Frame>(&arena);
  frame->set_major(kMajor);
  frame->set_minor(kMinor);
  return frame;
}

// A row's upper bound on the wire without its text: every field at its widest, tags included.
std::size_t row_bound(const InterfaceSample& row) {
  return 192 + row.if_name.size() + row.if_descr.size() + row.if_alias.size();
}

// How many rows from `first` on fit into `room` bytes.
std::size_t rows_that_fit(const std::vector<InterfaceSample>& rows, std::size_t first,
                          std::size_t end, std::size_t room) {
  std::size_t used = 0;
  std::size_t at = first;
  while (at < end && used + row_bound(rows[at]) <= room) used += row_bound(rows[at++]);
  return at - first;
}

}  // namespace

std::string encode(const Batch& batch) {
  google::protobuf::Arena arena;
  v1::Frame* frame = new_frame(arena);
  put(batch, kMaxInterfaces, *frame->mutable_batch());
  put(Sending{batch.lost, batch.waiting, batch.sent_wall}, *frame);
  return frame->SerializeAsString();
}

Result<Parts> encode_parts(const Batch& batch) {
  const DeviceSample* last =
      batch.samples.empty() ? nullptr : std::get_if<DeviceSample>(&batch.samples.back());
  const std::size_t rows = last == nullptr ? 0 : std::min(last->interfaces.size(), kMaxInterfaces);

  google::protobuf::Arena arena;
  Parts parts;
  const auto close = [&](v1::Frame& frame) -> Status {
    std::string bytes = frame.SerializeAsString();
    if (bytes.size() > kMaxPart - kPartMargin || parts.size() == kMaxParts) {
      return Error{"batch " + std::to_string(batch.sequence) + " of " + batch.collector.text() +
                   ": does not fit into " + std::to_string(kMaxParts) + " parts of " +
                   std::to_string(kMaxPart) + " bytes"};
    }
    parts.push_back(std::move(bytes));
    return {};
  };

  // Half the room of the first part is for what stands around the rows: text is bounded by far
  // less.
  std::size_t done = rows;
  if (last != nullptr) done = rows_that_fit(last->interfaces, 0, rows, kMaxPart / 2);
  v1::Frame* first = new_frame(arena);
  put(batch, done, *first->mutable_batch());
  if (const Status closed = close(*first); !closed) return Error{closed.error()};
  while (done < rows) {
    arena.Reset();
    v1::Frame* frame = new_frame(arena);
    const std::size_t more = std::max<std::size_t>(
        1, rows_that_fit(last->interfaces, done, rows, kMaxPart - kPartMargin));
    for (std::size_t i = done; i < done + more; ++i) {
      put(last->interfaces[i], *frame->mutable_continuation()->add_interfaces());
    }
    done += more;
    if (const Status closed = close(*frame); !closed) return Error{closed.error()};
  }
  return parts;
}

// A message of only these fields: appended to another, protobuf takes them as that message's.
std::string encode(const Sending& sending) {
  v1::Frame frame;
  put(sending, frame);
  return frame.SerializeAsString();
}

std::string encode(const Ack& ack) {
  google::protobuf::Arena arena;
  v1::Frame* frame = new_frame(arena);
  frame->mutable_ack()->set_collector(ack.collector.text());
  frame->mutable_ack()->set_epoch(ack.epoch);
  frame->mutable_ack()->set_sequence(ack.sequence);
  if (ack.credit != kCredit) frame->mutable_ack()->set_credit(ack.credit);
  return frame->SerializeAsString();
}

std::string encode(const EventAck& ack) {
  google::protobuf::Arena arena;
  v1::Frame* frame = new_frame(arena);
  frame->mutable_event_ack()->set_collector(ack.collector.text());
  frame->mutable_event_ack()->set_epoch(ack.epoch);
  frame->mutable_event_ack()->set_sequence(ack.sequence);
  return frame->SerializeAsString();
}

std::string encode(const Refusing& refusing) {
  google::protobuf::Arena arena;
  v1::Frame* frame = new_frame(arena);
  frame->mutable_refusal()->set_reason(refusing.reason);
  frame->mutable_refusal()->set_message(refusing.message);
  if (refusing.batch) {
    frame->mutable_refusal()->set_collector(refusing.batch->collector.text());
    frame->mutable_refusal()->set_epoch(refusing.batch->epoch);
    frame->mutable_refusal()->set_sequence(refusing.batch->sequence);
  }
  return frame->SerializeAsString();
}

Result<std::string> encode(const EventBatch& events) {
  google::protobuf::Arena arena;
  v1::Frame* frame = new_frame(arena);
  put_events(events, *frame->mutable_events());
  std::string bytes = frame->SerializeAsString();
  if (bytes.size() > kMaxPart) {
    return Error{"events of " + events.collector.text() + ": " + std::to_string(bytes.size()) +
                 " bytes, at most " + std::to_string(kMaxPart) + " in a message"};
  }
  return bytes;
}

std::string encode(const SpoolRecord& record) {
  v1::SpoolRecord bytes;
  for (const std::string& part : record.parts) bytes.add_parts(part);
  for (const SpoolRecord::Lost& one : record.lost) {
    v1::SpoolRecord::Lost& lost = *bytes.add_lost();
    lost.set_endpoint(one.endpoint);
    lost.set_batches(one.batches);
    if (one.epoch == 0) continue;
    lost.set_epoch(one.epoch);
    lost.set_said(one.said);
  }
  return bytes.SerializeAsString();
}

}  // namespace itnxt::wire
