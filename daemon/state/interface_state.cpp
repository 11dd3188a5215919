#include "daemon/state/interface_state.hpp"

#include <bitset>

namespace itnxt {
namespace {

std::optional<bool> is_up(OperStatus status) {
  switch (status) {
    case OperStatus::unknown:
    case OperStatus::not_known:
      return std::nullopt;
    case OperStatus::up:
      return true;
    case OperStatus::down:
    case OperStatus::testing:
    case OperStatus::dormant:
    case OperStatus::not_present:
    case OperStatus::lower_layer_down:
      return false;
  }
  return std::nullopt;
}

std::optional<bool> is_up(AdminStatus status) {
  switch (status) {
    case AdminStatus::unknown:
      return std::nullopt;
    case AdminStatus::up:
      return true;
    case AdminStatus::down:
    case AdminStatus::testing:
      return false;
  }
  return std::nullopt;
}

// The rates of one sample; collects why some are withheld.
class Rates {
 public:
  Rates(const InterfaceState& base, const CounterSet& now, std::variant<Span, Gap> span,
        std::optional<BytesPerSecond> line)
      : base_(base.counters), now_(now), span_(span), line_(line) {}

  Rate<BytesPerSecond> bytes(Column column) { return between<BytesPerSecond>(column, byte_rate); }
  // The sum of both directions; of one, where the device counts no other.
  Rate<PacketsPerSecond> packets(Column in, Column out) {
    const bool has_in = now_.get(in).has_value();
    const bool has_out = now_.get(out).has_value();
    Rate<PacketsPerSecond> a = between<PacketsPerSecond>(in, packet_rate);
    Rate<PacketsPerSecond> b = between<PacketsPerSecond>(out, packet_rate);
    if (!has_in || !has_out) return has_in ? a : b;
    if (!known(a)) return a;
    if (!known(b)) return b;
    return *known(a) + *known(b);
  }
  [[nodiscard]] const std::bitset<kGaps>& gaps() const { return gaps_; }

 private:
  template <class Unit, class Make>
  Rate<Unit> between(Column column, Make make) {
    const std::optional<Counter> later = now_.get(column);
    if (!later) return Gap::first;  // not counted: the device has no such counter
    if (const Gap* gap = std::get_if<Gap>(&span_)) return withhold(*gap);
    const std::optional<Counter> earlier = base_.get(column);
    if (!earlier) return withhold(Gap::first);
    const Rate<Unit> rate = make(*earlier, *later, std::get<Span>(span_), line_);
    if (const Gap* gap = std::get_if<Gap>(&rate)) withhold(*gap);
    return rate;
  }
  Gap withhold(Gap gap) {
    gaps_.set(static_cast<std::size_t>(gap));
    return gap;
  }

  const CounterSet& base_;
  const CounterSet& now_;
  const std::variant<Span, Gap> span_;
  const std::optional<BytesPerSecond> line_;
  std::bitset<kGaps> gaps_;
};

std::variant<Span, Gap> span_of(const InterfaceState& state, const ReadingClocks& clocks,
                                const Continuation& how) {
  if (!state.has_base) return Gap::first;
  const std::variant<Span, Gap> span = span_between(state.clocks, clocks, how.shortest);
  if (state.severed && std::holds_alternative<Span>(span)) return Gap::discontinuity;
  return span;
}

// RFC 2578 §7.1.10: a 64-bit counter that is behind where it was began anew.
bool went_back(const CounterSet& before, const CounterSet& now) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto earlier = before.get(static_cast<Column>(i));
    const auto later = now.get(static_cast<Column>(i));
    if (earlier && later && later->width == CounterWidth::bits64 &&
        earlier->width == CounterWidth::bits64 && later->value < earlier->value) {
      return true;
    }
  }
  return false;
}

// Whether `sample` is to stay without consequence for those that follow: it came too early, so what
// was counted until it counts with the next one. Unless it shows that the base is of the past: the
// next one might have overtaken it.
bool keeps_base(InterfaceState& state, const InterfaceSample& sample, const ReadingClocks& clocks,
                Duration shortest) {
  if (!state.has_base || !too_early(state.clocks, clocks, shortest)) return false;
  if (sample.at <= state.clocks.at) return true;
  state.severed = state.severed || went_back(state.counters, sample.counters);
  return !state.severed;
}

}  // namespace

void withhold(InterfaceState& state, InterfaceView& view) {
  state.in_doubt = true;
  view.up.reset();
  view.admin_up.reset();
  view.up_held = view.admin_held = Held{};
  view.speed.reset();
  view.counters = CounterSet{};
  view.receive = view.transmit = Gap::discontinuity;
  view.errors = view.discards = Gap::discontinuity;
  ++view.gaps[static_cast<std::size_t>(Gap::discontinuity)];
}

void tell_status(InterfaceView& view, const InterfaceStatus& status, WallTime at, WallTime now) {
  if (status.oper != OperStatus::unknown) view.up = is_up(status.oper);
  if (status.admin != AdminStatus::unknown) view.admin_up = is_up(status.admin);
  if (const auto up = is_up(status.oper)) view.up_held.tell(*up, at, now);
  if (const auto up = is_up(status.admin)) view.admin_held.tell(*up, at, now);
}

void recall_status(InterfaceView& view, const InterfaceStatus& status, WallTime at, WallTime now) {
  if (const auto up = is_up(status.oper)) view.up_held.recall(*up, at, now);
  if (const auto up = is_up(status.admin)) view.admin_held.recall(*up, at, now);
}

bool can_recall(const InterfaceView& view, const InterfaceStatus& status, WallTime at,
                WallTime now) {
  InterfaceView tried;
  tried.up_held = view.up_held;
  tried.admin_held = view.admin_held;
  recall_status(tried, status, at, now);
  return tried.up_held != view.up_held || tried.admin_held != view.admin_held;
}

void hold_status(InterfaceView& view, WallTime at, WallTime now) {
  if (view.up) view.up_held.tell(*view.up, at, now);
  if (view.admin_up) view.admin_held.tell(*view.admin_up, at, now);
}

void advance(InterfaceState& state, InterfaceView& view, const InterfaceSample& sample,
             const Continuation& how, Instant now) {
  view.if_index = sample.if_index;
  view.descr = sample.if_descr;
  view.alias = sample.if_alias;
  view.phys_address = sample.phys_address;
  view.up = is_up(sample.oper);
  view.admin_up = is_up(sample.admin);
  view.speed = usable(sample.speed);
  state.seen = now;
  state.in_doubt = false;

  const ReadingClocks clocks{sample.uptime, sample.discontinuity,
                             sample.at,     faster(view.speed, how.capacity),
                             false,         how.device_clock};
  state.severed = state.has_base && (state.severed || !how.comparable);
  const bool older = state.has_base && sample.at <= state.clocks.at;
  if (!older) {  // a counter never goes back for being told late
    view.counters = sample.counters;
    view.at = how.at;
  }
  Rates rates(state, sample.counters, span_of(state, clocks, how),
              faster(clocks.speed, state.has_base ? state.clocks.speed : std::nullopt));
  view.receive = rates.bytes(Column::in_octets);
  view.transmit = rates.bytes(Column::out_octets);
  view.errors = rates.packets(Column::in_errors, Column::out_errors);
  view.discards = rates.packets(Column::in_discards, Column::out_discards);
  for (std::size_t i = 0; i < kGaps; ++i) view.gaps[i] += rates.gaps()[i] ? 1U : 0U;

  if (sample.counters.empty()) return;  // the base waits for the next counters
  if (keeps_base(state, sample, clocks, how.shortest)) return;
  const bool wrapped = state.has_base && has_wrapped(state.clocks, clocks);
  state.has_base = true;
  state.severed = false;
  state.clocks = clocks;
  state.clocks.wrapped = wrapped;
  state.counters = sample.counters;
}

}  // namespace itnxt
