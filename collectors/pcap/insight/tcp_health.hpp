// How well a TCP connection does, as a tap in its midst sees it. Pure: changes the flow it is
// given and counts into the pair. One thread; a few nanoseconds a segment.
//
// Round trips are those of the half of the path between the tap and one end and back, so that a
// slow network is told from a slow server:
// - From the handshake (RFC 9293 §3.5): SYN to SYN-ACK is the server's half, SYN-ACK to the ACK
//   behind it the client's.
// - From data: a segment to the first acknowledgement that covers it. Only where the answer cannot
//   have waited for a timer: it acknowledges more than one full segment (RFC 9293 §3.8.6.3: at
//   least every second one is acknowledged), and nothing that was sent more than 0.5 ms after the
//   segment that is timed. So neither delayed acknowledgements nor the application's thinking
//   time is in it, and it is at most 0.5 ms too long. Talk of single small segments gives no sample
//   but the handshake's.
// - What was sent twice is not timed (Karn, RFC 6298 §3), unless the echo of its time stamp says
//   which of the two was answered (RFC 7323 §4): TSecr must be the timed segment's TSval.
//   Stamps are only compared, never taken for a time: their tick may be anything and repeats.
//   A TSecr that is younger than the timed TSval belongs to a repetition that the tap has not seen.
// - A capture that sees one direction only has no round trips.
//
// Segments that bear what was seen already, by sequence number:
// - Retransmission, counted at its sender: also where the first copy never came to the tap.
// - Out of order: it fills a gap no later than a quarter of the connection's round trip (RFC 8985
//   §6.2: RACK's window) or, while that is unknown, 3 ms after the gap was seen. A retransmission
//   cannot be that early: it takes a round trip for the sender to learn of the loss.
// - Neither: keepalives (RFC 9293 §3.8.4: one byte or none before the next, all else
//   acknowledged), probes of a closed window, and the second copy of the last segment within
//   0.5 ms (a mirror port that copies both ways in).
// A segment of an offload engine counts once, however many it is on the wire.
//
// Zero windows: how often an end closed its window (not resets, not SYNs). Resets: connections an
// end has reset. Unanswered: attempts to connect on which nobody said anything for kPatience, each
// once however often its SYN was repeated; only of flows that live as long.
//
// A connection that began before the capture is followed from its first segment on. Who opened it
// is then guessed: the end with the lower port was asked. A SYN of another sequence number on an
// old flow is a new connection (port reuse). A jump of 2^30 or more, beyond every window (RFC 7323
// §2.3), is taken for one, too, and counts nothing.
#pragma once

#include <cstdint>

#include "collectors/pcap/insight/flow.hpp"
#include "collectors/pcap/insight/site_pairs.hpp"

namespace itnxt::pcap {

struct TcpSegment {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint32_t payload = 0;
  std::uint32_t ts_value = 0;
  std::uint32_t ts_echo = 0;
  std::uint16_t window = 0;
  std::uint8_t flags = 0;
  bool has_timestamps = false;
};

inline constexpr std::int32_t kPatience = 3'000'000;  // microseconds: the second SYN is long out

// Whose connection this segment begins: true when the flow's client (Flow::client()) was set by it
// and its pair of sites is to be looked up anew. Before observe_tcp().
bool begin_tcp(Flow& flow, bool fresh, unsigned from, const TcpSegment& segment, TcpPair& old);

// `from`: the end that sent it. True: this segment completes an attempt that the tap saw begin.
bool observe_tcp(Flow& flow, unsigned from, const TcpSegment& segment, Micros now, TcpPair& pair);

// Counts an attempt that nobody answered, once. `silent`: microseconds since its last SYN.
void settle_attempt(Flow& flow, std::int32_t silent, TcpPair& pair);

}  // namespace itnxt::pcap
