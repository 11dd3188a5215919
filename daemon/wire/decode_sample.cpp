#include "daemon/wire/decode_sample.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>

#include "daemon/core/text.hpp"
#include "daemon/wire/codec.hpp"
#include "daemon/wire/itnxt.pb.h"

namespace itnxt::wire {
namespace {

constexpr std::size_t kLongText = 512;  // bytes of text, see itnxt.proto
constexpr double kFastest = 1e15;
constexpr std::uint32_t kAllColumns = (1U << kColumns) - 1;

PhysAddress address_of(const std::string& octets) {
  std::array<std::uint8_t, PhysAddress::kMost> bytes{};
  const std::size_t size = std::min(octets.size(), bytes.size());
  std::copy_n(octets.begin(), size, bytes.begin());
  return PhysAddress(std::span(bytes).first(size));
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

void take_row(const v1::Interface& from, Fields& fields, InterfaceSample& to) {
  to.if_index = from.if_index();
  sanitize_into(to.if_name, from.if_name(), kName);
  sanitize_into(to.if_descr, from.if_descr(), kName);
  sanitize_into(to.if_alias, from.if_alias(), kName);
  to.phys_address = address_of(from.phys_address());
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
    take_row(rows.Get(static_cast<int>(i)), fields, to.interfaces[first + i]);
  }
}

template <class Array, class Values>
void take_counts(const Values& from, const char* field, Fields& fields, Array& to) {
  to = {};
  if (static_cast<std::size_t>(from.size()) > to.size()) {
    fields.wrong(field,
                 std::to_string(from.size()) + " values, at most " + std::to_string(to.size()));
    return;
  }
  for (int i = 0; i < from.size(); ++i)
    to[static_cast<std::size_t>(i)] = typename Array::value_type(from.Get(i));
}

}  // namespace

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
  to.if_number.reset();
  if (from.has_if_number()) to.if_number = from.if_number();
  to.if_table_last_change.reset();
  if (from.has_if_table_last_change()) {
    to.if_table_last_change = TimeTicks{from.if_table_last_change()};
  }
  to.complete = from.complete();
  to.answered = from.answered();
  to.totals.reset();
  if (from.has_totals()) {
    take_counts(from.totals().ignored(), "totals.ignored", fields, to.totals.emplace().ignored);
    take_counts(from.totals().broken(), "totals.broken", fields, to.totals->broken);
  }
  take_rows(from.interfaces(), rows_before, 0, fields, problem, to);
}

void take(const v1::Continuation& from, std::size_t number, std::size_t rows_before,
          Problem& problem, DeviceSample& to) {
  Fields fields(problem, "device", number);
  take_rows(from.interfaces(), rows_before, to.interfaces.size(), fields, problem, to);
}

// They stand in `other`, too: from there they are taken.
static void take_of_other(const v1::Capture& from, Fields& fields, Problem& problem,
                          CaptureSample& to) {
  constexpr auto kLast = static_cast<Protocol>(kProtocols - kOldProtocols - 1);
  for (const v1::OtherTraffic& row : from.of_other()) {
    const auto d = static_cast<std::size_t>(
        fields.closed(row.direction(), Direction::unknown, "of_other.direction", "Direction"));
    const auto p =
        kOldProtocols + static_cast<std::size_t>(fields.closed(
                            row.protocol(), kLast, "of_other.protocol", "OtherProtocol"));
    if (problem.any()) return;
    TrafficCount& cell = to.traffic[d][p];
    TrafficCount& other = to.traffic[d][kOldProtocols - 1];
    if (cell != TrafficCount{}) {
      return fields.wrong("of_other", "a direction and protocol come twice");
    }
    if (row.packets() > other.packets.count() || row.bytes() > other.bytes.count()) {
      return fields.wrong("of_other", "is more than the traffic with protocol other");
    }
    cell = {Packets(row.packets()), Bytes(row.bytes())};
    other = {Packets(other.packets.count() - row.packets()),
             Bytes(other.bytes.count() - row.bytes())};
  }
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
  take_of_other(from, fields, problem, to);
  take_counts(from.dropped(), "dropped", fields, to.dropped);
  take_counts(from.malformed(), "malformed", fields, to.malformed);
}

}  // namespace itnxt::wire
