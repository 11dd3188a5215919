#include "collectors/pcap/insight/insight.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "collectors/pcap/numbers.hpp"

namespace itnxt::pcap {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSweepEvery = 60 * kSecond;  // long before 32 bits of microseconds are over
constexpr std::int32_t kIdle = 600'000'000;    // µs: what is silent for that long is forgotten
constexpr std::int64_t kLeap = 600 * kSecond;  // a step of the clock that makes all flows old
constexpr std::uint32_t kMost = 0xffff'ffffU;  // bytes a flow may owe to the talkers

// RFC 792, RFC 4443 §4.1.
constexpr std::uint8_t kEchoRequest = 8, kEchoRequestV6 = 128;

// Which end of its flow sent it. Without a branch for the addresses: nobody can foretell it.
std::uint64_t comes_from(const Datagram& d) {
  __extension__ using Wide = unsigned __int128;
  const Wide source = Wide{d.source.high} << 64U | d.source.low;
  const Wide destination = Wide{d.destination.high} << 64U | d.destination.low;
  std::uint64_t from = destination < source;
  if (destination == source) from = d.destination_port < d.source_port;
  return from;
}

}  // namespace

Insight::Insight(const InsightLimits& limits, SiteMap sites, const HashSecret& secret)
    : limits_(limits),
      network_(limits.networks),
      sites_(std::move(sites)),
      hash_(secret),
      pairs_(limits.pairs),
      cache_(limits.flows),
      talkers_(limits.networks, secret),
      floods_(limits.floods, secret) {}

void Insight::set(const InsightLimits& limits, SiteMap sites) {
  empty(tcp_);
  empty(rest_);
  if (limits.networks != limits_.networks) {
    network_ = Networks(limits.networks);
    talkers_.set_networks(limits.networks);
    floods_.end_all();
  }
  if (limits.flows != limits_.flows) {
    cache_.sweep(micros_, [this](Flow& flow, std::int32_t silent) {
      retire(flow, silent);
      return true;
    });
    cache_ = FlowCache(limits.flows);
  }
  pairs_.set_most(limits.pairs);
  floods_.set_limits(limits.floods);
  sites_ = std::move(sites);
  limits_ = limits;
}

void Insight::settle(std::optional<std::int64_t> time) {
  empty(tcp_);
  empty(rest_);
  if (!begun_) return;
  // The packets' own time stays: some that came before `time` may not be here yet.
  const std::int64_t until = std::max(now_, time.value_or(now_));
  floods_.advance(until / kSecond);
  sweep(until, until - now_ > kLeap);
}

void Insight::set_back(std::int64_t step) {
  if (!begun_) return;
  before_ = micros_;
  now_ -= step;
  begun_ = now_;
  next_second_ -= step;
  next_sweep_ -= step;
  floods_.set_back((step + kSecond - 1) / kSecond);
}

void Insight::begin_second(std::int64_t time) {
  if (!begun_) {
    begun_ = now_ = time;
    next_sweep_ = time + kSweepEvery;
  }
  const bool is_leap = time - now_ > kLeap;
  now_ = std::max(now_, time);
  micros_ = micros_at(now_);
  const std::int64_t second = now_ / kSecond;
  floods_.advance(second);
  next_second_ = (second + 1) * kSecond;
  if (now_ < next_sweep_) return;
  next_sweep_ = now_ + kSweepEvery;
  sweep(now_, is_leap);
}

[[gnu::flatten]] void Insight::enqueue(const Datagram& d, std::uint32_t bytes, std::int64_t time) {
  move_to(time);
  if (d.upper == Upper::tcp) {
    enter(tcp_, d, bytes).tcp = {d.sequence, d.acknowledgement, d.payload, d.ts_value,
                                 d.ts_echo,  d.window,          d.flags,   d.has_timestamps};
    if ((d.flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn) {
      floods_.toward(FloodKind::syn, network_.of(d.destination), 1);
    }
  } else {
    enter(rest_, d, bytes);
    watch_for_floods(d, bytes);
  }
}

template <class T>
T& Insight::enter(Line<T>& line, const Datagram& d, std::uint32_t bytes) {
  if (line.entered - line.left == kLine) process(line.places[line.left++ % kLine]);
  T& packet = line.places[line.entered++ % kLine];
  const std::uint64_t from = comes_from(d);
  packet.from = static_cast<std::uint8_t>(from);
  // In registers, not by way of `packet`: what has just been stored in pieces is slow to be read as
  // a whole.
  const std::uint64_t mask = 0 - from;
  const std::uint64_t high = (d.source.high ^ d.destination.high) & mask;
  const std::uint64_t low = (d.source.low ^ d.destination.low) & mask;
  const IpAddress end_0{d.source.high ^ high, d.source.low ^ low};
  const IpAddress end_1{d.destination.high ^ high, d.destination.low ^ low};
  const std::uint32_t ports = std::rotl(std::uint32_t{d.source_port} << 16U | d.destination_port,
                                        static_cast<int>(from * 16));
  packet.key.address[0] = end_0;
  packet.key.address[1] = end_1;
  packet.key.ports = ports;
  packet.key.protocol = d.protocol;
  packet.hash = hash_(end_0, end_1, std::uint64_t{ports} << 8U | d.protocol);
  cache_.prefetch_set(packet.hash);
  packet.at = micros_;
  packet.bytes = bytes;
  // By now the set of the packet in the middle of the line has come.
  T& next = line.places[(line.entered - kLine / 2) % kLine];
  next.way = cache_.prefetch_flow(next.hash, std::is_same_v<T, TcpEntry>);
  return packet;
}

template <class T>
void Insight::empty(Line<T>& line) {
  while (line.left != line.entered) process(line.places[line.left++ % kLine]);
}

void Insight::watch_for_floods(const Datagram& d, std::uint32_t bytes) {
  switch (d.upper) {
    case Upper::udp: {
      const bool answers = amplifies(d.source_port);
      const bool asks = amplifies(d.destination_port);
      if (answers != asks) {
        const IpAddress asker = network_.of(answers ? d.destination : d.source);
        floods_.count(FloodKind::udp_amplification, asker, bytes, answers);
      } else if (answers) {  // servers among themselves
        floods_.toward(FloodKind::udp_amplification, network_.of(d.destination), bytes);
        floods_.excuse(FloodKind::udp_amplification, network_.of(d.source), bytes);
      }
      if (d.fragment) watch_first_fragment(d);
      return;
    }
    case Upper::icmp:
    case Upper::icmpv6:
      floods_.toward(FloodKind::icmp, network_.of(d.destination), 1);
      if (d.icmp_type == (d.upper == Upper::icmp ? kEchoRequest : kEchoRequestV6)) {
        floods_.excuse(FloodKind::icmp, network_.of(d.source), 1);
      }
      return;
    case Upper::none:
      if (d.fragment && d.protocol == ip_number::udp) {
        floods_.later_fragment(network_.of(d.source), network_.of(d.destination), bytes);
      }
      return;
    case Upper::tcp:
    case Upper::sctp:
    case Upper::ospf:
    case Upper::other:
      return;
  }
}

// By the same rules as its own bytes, for what comes behind it.
void Insight::watch_first_fragment(const Datagram& d) {
  constexpr std::uint32_t kHeader = 8;
  if (d.whole <= d.payload + kHeader) return;
  const std::uint32_t rest = d.whole - d.payload - kHeader;
  const bool answers = amplifies(d.source_port);
  const bool asks = amplifies(d.destination_port);
  if (answers) floods_.announce(network_.of(d.destination), rest, true);
  if (asks) floods_.announce(network_.of(d.source), rest, false);
}

[[gnu::always_inline]] inline Flow& Insight::account(const Entry& packet, bool& fresh) {
  Flow& flow = cache_.place(
      packet.key, packet.hash, packet.at, fresh,
      [this](Flow& old, std::int32_t silent) { retire(old, silent); }, packet.way);
  std::uint32_t& bytes = flow.bytes[packet.from];
  if (packet.bytes > kMost - bytes) talkers_.drain(flow);
  bytes += packet.bytes;
  ++flow.packets;
  return flow;
}

void Insight::process(const Entry& packet) {
  bool fresh = false;
  (void)account(packet, fresh);
}

[[gnu::flatten]] void Insight::process(const TcpEntry& packet) {
  bool fresh = false;
  Flow& flow = account(packet, fresh);
  const bool may_begin = fresh || (packet.tcp.flags & tcp_flag::syn) != 0;
  if (may_begin && begin_tcp(flow, fresh, packet.from, packet.tcp, pairs_[flow.pair])) {
    flow.pair = pairs_.find(sites_.site_of(flow.address[flow.client()]),
                            sites_.site_of(flow.address[1 - flow.client()]));
  }
  if (observe_tcp(flow, packet.from, packet.tcp, packet.at, pairs_[flow.pair])) {
    floods_.excuse(FloodKind::syn, network_.of(flow.address[1 - flow.client()]), 1);
  }
}

void Insight::sweep(std::int64_t until, bool all_are_old) {
  cache_.sweep(micros_at(until), [&](Flow& flow, std::int32_t silent) {
    retire(flow, all_are_old ? kIdle : silent);
    return !all_are_old && silent < kIdle;
  });
}

void Insight::retire(Flow& flow, std::int32_t silent) {
  settle_attempt(flow, silent, pairs_[flow.pair]);
  talkers_.drain(flow);
}

}  // namespace itnxt::pcap
