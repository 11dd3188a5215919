#include "collectors/pcap/insight/tcp_health.hpp"

#include <algorithm>
#include <limits>

namespace itnxt::pcap {
namespace {

constexpr std::int32_t kTogether = 500;            // µs: sent at once, as far as we measure
constexpr std::int32_t kMirrored = 500;            // µs
constexpr std::int32_t kReordering = 3'000;        // µs, while no round trip is known
constexpr std::int32_t kLongestWait = 10'000'000;  // µs: an answer that late answers nothing
constexpr std::int32_t kBeyondWindow = 1 << 30;
constexpr std::int32_t kLargestFrame = 8'960;  // bytes: what is larger, an offload engine cuts
constexpr unsigned kRoundTripShift = 6;        // Flow::round_trip is in 64 µs

// a - b in sequence space.
constexpr std::int32_t ahead(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b);
}

// One direction's view of the flow: what `from` sends.
struct End {
  End(Flow& in, unsigned from)
      : flow(in),
        half(in.half[from]),
        flags(in.half_flags[from]),
        edge_at(in.edge_at[from]),
        side(from == in.client() ? Side::client : Side::server) {}

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  void set(std::uint8_t flag) { flags = static_cast<std::uint8_t>(flags | flag); }
  void clear(unsigned which) { flags = static_cast<std::uint8_t>(flags & ~which); }
  // Whose place of the pair is counted in.
  TcpSide& counts(TcpPair& pair) const { return pair.sides[static_cast<std::size_t>(side)]; }

  Flow& flow;
  TcpHalf& half;
  std::uint8_t& flags;
  Micros& edge_at;
  Side side;
};

std::uint32_t length_of(const TcpSegment& s) {
  return s.payload + ((s.flags & tcp_flag::syn) != 0 ? 1U : 0U) +
         ((s.flags & tcp_flag::fin) != 0 ? 1U : 0U);
}

void time_segment(End& me, const TcpSegment& s, std::uint32_t end, Micros now) {
  me.half.timed_end = end;
  me.half.timed_stamp = s.ts_value;
  me.half.timed_at = now;
  me.half.timed_behind = 0;
  me.clear(half_flag::ambiguous | half_flag::timed_syn);
  me.set(half_flag::timed);
}

void note_handshake(Flow& flow, std::int32_t micros) {
  const std::int32_t units = std::max(1, micros >> kRoundTripShift);
  flow.round_trip = static_cast<std::uint16_t>(
      std::min<std::int32_t>(flow.round_trip + units, std::numeric_limits<std::uint16_t>::max()));
}

// The acknowledgement `s` covers the timed segment of `peer`. `newly`: bytes it acknowledges that
// were not before.
bool tells_round_trip(const End& peer, const TcpSegment& s, std::int32_t newly) {
  const TcpHalf& half = peer.half;
  const bool echoes = s.has_timestamps && half.timed_stamp == s.ts_echo;
  if (peer.has(half_flag::ambiguous) && !echoes) return false;
  if (s.has_timestamps && ahead(s.ts_echo, half.timed_stamp) > 0) return false;
  if (peer.has(half_flag::timed_syn)) return true;
  return newly > std::min<std::int32_t>(half.segment, kLargestFrame) &&
         ahead(s.acknowledgement, half.timed_end) <= half.timed_behind;
}

// What `s` acknowledges of `peer`'s; `acker` answers, so the half of the path is its own.
void take_acknowledgement(End& peer, const End& acker, const TcpSegment& s, Micros now,
                          TcpPair& pair) {
  TcpHalf& half = peer.half;
  const bool knew = peer.has(half_flag::acked);
  const std::int32_t newly = knew ? ahead(s.acknowledgement, half.acked) : 1;
  if (newly <= 0) return;
  if (peer.has(half_flag::timed) && ahead(s.acknowledgement, half.timed_end) >= 0) {
    const std::int32_t took = since(now, half.timed_at);
    if (took >= 0 && took < kLongestWait && tells_round_trip(peer, s, newly)) {
      acker.counts(pair).round_trips.add(static_cast<std::uint32_t>(took));
      if (peer.has(half_flag::timed_syn)) note_handshake(peer.flow, took);
    }
    peer.clear(half_flag::timed | half_flag::timed_syn | half_flag::ambiguous);
  }
  half.acked = s.acknowledgement;
  peer.set(half_flag::acked);
}

// The first segment of this end, or the first of another numbering.
void begin_half(End& me, const TcpSegment& s, Micros now) {
  const std::uint8_t kept = me.flags & half_flag::reset;
  me.flags = kept;
  me.half = {};
  me.half.next = s.sequence + length_of(s);
  me.edge_at = now;
  me.set(half_flag::seen);
  if ((s.flags & tcp_flag::syn) == 0) return;
  time_segment(me, s, s.sequence + 1, now);  // data on a SYN (RFC 7413) may stay unacknowledged
  me.set(half_flag::timed_syn);
}

void take_new_data(End& me, const TcpSegment& s, bool in_order, Micros now) {
  const std::uint32_t end = s.sequence + length_of(s);
  me.half.segment = static_cast<std::uint16_t>(
      std::max<std::uint32_t>(me.half.segment, std::min<std::uint32_t>(s.payload, 0xffff)));
  if (me.has(half_flag::timed)) {
    const std::int32_t waiting = since(now, me.half.timed_at);
    if (waiting <= kTogether) {
      me.half.timed_behind =
          static_cast<std::uint16_t>(std::min<std::uint32_t>(end - me.half.timed_end, 0xffff));
    } else if (waiting >= kLongestWait) {
      me.clear(half_flag::timed | half_flag::timed_syn);
    }
  } else if (in_order && s.payload > 0 && me.has(half_flag::acked) && !me.has(half_flag::hole)) {
    time_segment(me, s, end, now);
  }
  me.half.next = end;
  me.edge_at = now;
}

std::int32_t reordering_window(const Flow& flow) {
  if (flow.round_trip == 0) return kReordering;
  return std::max(100, (std::int32_t{flow.round_trip} << kRoundTripShift) / 4);
}

// Bears no byte that is news of the sender: neither lost nor late.
bool asks_only(const End& me, const End& peer, const TcpSegment& s) {
  if (s.payload > 1 || (s.flags & (tcp_flag::syn | tcp_flag::fin)) != 0) return false;
  if (peer.has(half_flag::closed_window)) return true;
  return me.has(half_flag::acked) && me.half.acked == me.half.next &&
         s.sequence == me.half.next - 1;
}

// Begins before `next`.
void take_old_data(End& me, const End& peer, const TcpSegment& s, Micros now, TcpPair& pair) {
  if (asks_only(me, peer, s)) return;
  TcpHalf& half = me.half;
  const std::uint32_t end = s.sequence + length_of(s);
  const bool in_hole = me.has(half_flag::hole) && ahead(s.sequence, half.hole) >= 0;
  if (!in_hole && end == half.next && (s.flags & tcp_flag::syn) == 0 &&
      since(now, me.edge_at) < kMirrored) {
    return;
  }
  if (in_hole && since(now, half.hole_at) <= reordering_window(me.flow)) {
    ++me.counts(pair).out_of_order;
  } else {
    ++me.counts(pair).retransmissions;
  }
  if (ahead(s.sequence, half.timed_end) < 0) me.set(half_flag::ambiguous);
  if (me.has(half_flag::hole) && ahead(s.sequence, half.hole) <= 0 && ahead(end, half.hole) > 0) {
    half.hole = end;
  }
  if (ahead(end, half.next) > 0) {
    half.next = end;
    me.edge_at = now;
  }
  if (me.has(half_flag::hole) && ahead(half.next, half.hole) <= 0) me.clear(half_flag::hole);
}

void take_sequence(End& me, const End& peer, const TcpSegment& s, Micros now, TcpPair& pair) {
  const bool syn = (s.flags & tcp_flag::syn) != 0;
  if (!me.has(half_flag::seen)) return begin_half(me, s, now);
  const std::int32_t gap = ahead(s.sequence, me.half.next);
  const bool repeated_syn = syn && s.sequence + length_of(s) == me.half.next;
  if (gap >= kBeyondWindow || gap <= -kBeyondWindow || (syn && !repeated_syn)) {
    return begin_half(me, s, now);
  }
  if (length_of(s) == 0) return;
  if (gap < 0) return take_old_data(me, peer, s, now, pair);
  if (gap > 0) {
    if (!me.has(half_flag::hole)) me.half.hole = me.half.next;
    me.half.hole_at = now;
    me.set(half_flag::hole);
  }
  take_new_data(me, s, gap == 0, now);
}

void take_window(End& me, const TcpSegment& s, TcpPair& pair) {
  if (s.window != 0) return me.clear(half_flag::closed_window);
  if (me.has(half_flag::closed_window) || (s.flags & tcp_flag::syn) != 0) return;
  me.set(half_flag::closed_window);
  ++me.counts(pair).zero_windows;
}

}  // namespace

bool begin_tcp(Flow& flow, bool fresh, unsigned from, const TcpSegment& s, TcpPair& old) {
  const bool syn = (s.flags & tcp_flag::syn) != 0;
  const bool opens = syn && (s.flags & tcp_flag::ack) == 0;
  unsigned client = flow.ports >> 16U < (flow.ports & 0xffffU) ? 1 : 0;
  if (opens) {
    const bool again = (flow.half_flags[from] & half_flag::seen) != 0 &&
                       s.sequence + length_of(s) == flow.half[from].next;
    if (!fresh && again && from == flow.client()) return false;  // the same SYN once more
    if (!fresh) settle_attempt(flow, kPatience, old);
    client = from;
  } else if (!fresh) {
    return false;
  } else if (syn) {
    client = 1 - from;
  }
  flow.half = {};
  flow.half_flags = {};
  flow.round_trip = 0;
  const auto attempt =
      opens ? static_cast<std::uint8_t>(flow_flag::attempt | flow_flag::syn_unanswered) : 0U;
  flow.flags = static_cast<std::uint8_t>(client | attempt);
  return true;
}

bool observe_tcp(Flow& flow, unsigned from, const TcpSegment& s, Micros now, TcpPair& pair) {
  End me(flow, from);
  End peer(flow, 1 - from);
  const bool opens = (s.flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn;
  if (!opens) flow.flags = static_cast<std::uint8_t>(flow.flags & ~flow_flag::syn_unanswered);
  if ((s.flags & tcp_flag::rst) != 0) {
    if (!me.has(half_flag::reset)) ++me.counts(pair).resets;
    me.set(half_flag::reset);
    flow.flags = static_cast<std::uint8_t>(flow.flags & ~flow_flag::attempt);
    return false;
  }
  if ((s.flags & tcp_flag::ack) != 0 && peer.has(half_flag::seen)) {
    take_acknowledgement(peer, me, s, now, pair);
  }
  take_sequence(me, peer, s, now, pair);
  take_window(me, s, pair);
  if ((flow.flags & flow_flag::attempt) == 0 || opens || me.side != Side::client) return false;
  flow.flags = static_cast<std::uint8_t>(flow.flags & ~flow_flag::attempt);
  return true;
}

void settle_attempt(Flow& flow, std::int32_t silent, TcpPair& pair) {
  if ((flow.flags & flow_flag::syn_unanswered) == 0 || silent < kPatience) return;
  flow.flags = static_cast<std::uint8_t>(flow.flags & ~flow_flag::syn_unanswered);
  ++pair.unanswered;
}

}  // namespace itnxt::pcap
