// make_savefile FILE [PACKETS [FLOWS [MIX [SNAPLEN]]]]: a savefile for benchmarks, the same every
// time. Headers as a tap with SNAPLEN (128) keeps them: TCP (with its handshakes, both directions,
// advancing sequence numbers and stamps, 1 % retransmissions), UDP and ICMP over IPv4 and IPv6, a
// third of it tagged. MIX: uniform (default): the next packet is of any flow; skewed: mostly of a
// few; repeated: each flow says the same segment for ever.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::uint64_t kSnaplen = 128;
constexpr std::size_t kFileBuffer = 1U << 20U;

// SplitMix64: small, and the same on every machine.
class Random {
 public:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

 private:
  std::uint64_t state_ = 1;
};

class Packet {
 public:
  void u8(std::uint64_t v) { bytes_.push_back(static_cast<std::uint8_t>(v)); }
  void u16(std::uint64_t v) {
    u8(v >> 8U);
    u8(v);
  }
  void u32(std::uint64_t v) {
    u16(v >> 16U);
    u16(v);
  }
  void fill(std::size_t size) { bytes_.resize(size); }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

// Who the flow is between follows from its number alone; what it says, from what it said before.
struct Flow {
  explicit Flow(std::uint64_t number) : id(number) {
    Random random;
    for (std::uint64_t i = 0; i < 3; ++i) kind = random.next() ^ (number * 0x9e3779b97f4a7c15U);
    v6 = kind % 100 < 20;
    const std::uint64_t p = (kind >> 8U) % 100;
    protocol = p < 70 ? kTcp : p < 95 ? kUdp : v6 ? 58 : 1;
    tags = (kind >> 16U) % 100 < 33 ? ((kind >> 24U) % 4 == 0 ? 2 : 1) : 0;
    giver = (kind >> 32U) % 5 == 0 ? 0 : 1;
    next = {static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(kind >> 32U)};
  }
  static constexpr std::uint8_t kTcp = 6, kUdp = 17;
  std::uint64_t id;
  std::uint64_t kind = 0;
  bool v6 = false;
  std::uint8_t protocol = kTcp;
  int tags = 0;
  // TCP: end 0 opened the connection; `giver` sends most of the data.
  unsigned giver = 1;
  unsigned handshake = 0;                // segments of it that were sent
  std::uint32_t acknowledged = 0;        // of the giver's
  std::array<std::uint32_t, 2> next{};   // sequence number, by end
  std::array<std::uint32_t, 2> last{};   // length of the last segment with data
  std::array<std::uint32_t, 2> stamp{};  // last TSval, by end
};

// One packet of a flow: what its headers say.
struct Turn {
  unsigned from = 0;        // the end that sends
  std::size_t payload = 0;  // behind the IP header
  std::uint32_t sequence = 0, acknowledgement = 0, value = 0, echo = 0;
  std::uint8_t flags = 0x10;
};

void link_header(Packet& packet, const Flow& flow, unsigned from) {
  packet.u16(0x0200);
  packet.u32(1 + from);
  packet.u16(0x0200);
  packet.u32(2 - from);
  if (flow.tags == 2) {
    packet.u16(0x88a8);
    packet.u16(7);
  }
  if (flow.tags > 0) {
    packet.u16(0x8100);
    packet.u16(100 + flow.id % 50);
  }
  packet.u16(flow.v6 ? 0x86dd : 0x0800);
}

void network_header(Packet& packet, const Flow& flow, const Turn& turn) {
  if (flow.v6) {
    packet.u32(0x60000000);
    packet.u16(turn.payload);
    packet.u8(flow.protocol);
    packet.u8(64);
    for (const std::uint64_t side : {1 + turn.from, 2 - turn.from}) {
      packet.u32(0xfd000000);
      packet.u32(0);
      packet.u32(side);
      packet.u32(flow.id);
    }
    return;
  }
  packet.u16(0x4500);
  packet.u16(20 + turn.payload);
  packet.u32(0x00004000);
  packet.u8(64);
  packet.u8(flow.protocol);
  packet.u16(0);
  const std::array<std::uint64_t, 2> ends = {0x0a000000 + flow.id, 0xac100000 + flow.id % 4096};
  packet.u32(ends[turn.from]);
  packet.u32(ends[1 - turn.from]);
}

void transport_header(Packet& packet, const Flow& flow, const Turn& turn) {
  const std::array<std::uint64_t, 2> ports = {1024 + flow.kind % 60000,
                                              flow.protocol == Flow::kTcp ? 443U : 53U};
  if (flow.protocol == Flow::kTcp) {
    packet.u16(ports[turn.from]);
    packet.u16(ports[1 - turn.from]);
    packet.u32(turn.sequence);
    packet.u32(turn.acknowledgement);
    packet.u32(0x80000200 + (std::uint32_t{turn.flags} << 16U));
    packet.u32(0);
    packet.u32(0x0101080a);
    packet.u32(turn.value);
    packet.u32(turn.echo);
  } else if (flow.protocol == Flow::kUdp) {
    packet.u16(ports[turn.from]);
    packet.u16(ports[1 - turn.from]);
    packet.u16(turn.payload);
    packet.u16(0);
  } else {
    const std::uint64_t answer = flow.v6 ? 0x8100 : 0;
    packet.u16(turn.from != 0 ? answer : flow.v6 ? 0x8000 : 0x0800);
    packet.u16(0);
    packet.u32(flow.id);
  }
}

// Half small, a third full, the rest between: roughly what links carry.
std::size_t any_size(Random& random) {
  const std::uint64_t size = random.below(6);
  return size < 3 ? 32 + random.below(60) : size < 5 ? 1452 : 32 + random.below(1400);
}

constexpr std::size_t kTcpHeader = 32;  // with its time stamps

Turn handshake(Flow& flow) {
  Turn turn;
  turn.from = flow.handshake % 2;
  turn.payload = kTcpHeader;
  turn.flags = flow.handshake == 0 ? 0x02 : flow.handshake == 1 ? 0x12 : 0x10;
  turn.sequence = flow.next[turn.from];
  if (flow.handshake > 0) turn.acknowledgement = flow.next[1 - turn.from];
  if (flow.handshake < 2) ++flow.next[turn.from];
  ++flow.handshake;
  return turn;
}

// After the handshake: half of the packets or more bear data of the giver, most of them full; up to
// a third acknowledges it, the rest are small questions of the taker. A hundredth of what bears
// data is the last segment once more. Nothing is lost on the way to the tap.
Turn tcp_turn(Flow& flow, Random& random, std::uint64_t microseconds) {
  Turn turn;
  if (flow.handshake < 3) {
    turn = handshake(flow);
  } else {
    std::uint64_t what = random.below(6);
    if (what >= 3 && what < 5 && flow.acknowledged == flow.next[flow.giver]) what = 0;
    turn.from = what < 3 ? flow.giver : 1 - flow.giver;
    std::uint32_t length = 0;
    if (what < 3) length = static_cast<std::uint32_t>(what < 2 ? 1420 : 1 + random.below(1400));
    if (what == 5) length = static_cast<std::uint32_t>(1 + random.below(400));
    if (length > 0 && flow.last[turn.from] > 0 && random.below(100) == 0) {
      length = flow.last[turn.from];
      flow.next[turn.from] -= length;
    }
    turn.payload = kTcpHeader + length;
    turn.sequence = flow.next[turn.from];
    turn.acknowledgement = flow.next[1 - turn.from];
    if (turn.from != flow.giver) flow.acknowledged = turn.acknowledgement;
    flow.next[turn.from] += length;
    if (length > 0) flow.last[turn.from] = length;
  }
  turn.value = static_cast<std::uint32_t>(flow.kind + microseconds / 1000);
  turn.echo = flow.stamp[1 - turn.from];
  flow.stamp[turn.from] = turn.value;
  return turn;
}

// The same segment for ever, as this program once wrote them: all of TCP is retransmission.
Turn repeated_turn(const Flow& flow, Random& random) {
  Turn turn;
  turn.payload = any_size(random);
  turn.sequence = static_cast<std::uint32_t>(flow.kind);
  turn.acknowledgement = static_cast<std::uint32_t>(flow.kind >> 32U);
  turn.value = 1;
  turn.echo = 2;
  return turn;
}

enum class Mix : std::uint8_t { uniform, skewed, repeated };

class Traffic {
 public:
  Traffic(Mix mix, std::uint64_t flows, std::size_t snaplen) : mix_(mix), snaplen_(snaplen) {
    flows_.reserve(flows);
    for (std::uint64_t i = 0; i < flows; ++i) flows_.emplace_back(i);
  }
  std::vector<std::uint8_t> record(std::uint64_t number);

 private:
  Flow& next_flow() {
    if (mix_ != Mix::skewed) return flows_[random_.below(flows_.size())];
    // The fourth power of an even number: a tenth of the flows has more than half of the packets.
    const double even = static_cast<double>(random_.next() >> 11U) * 0x1p-53;
    const double place = even * even * even * even * static_cast<double>(flows_.size());
    return flows_[static_cast<std::size_t>(place)];
  }
  Turn next_turn(Flow& flow, std::uint64_t microseconds) {
    if (mix_ == Mix::repeated) return repeated_turn(flow, random_);
    if (flow.protocol == Flow::kTcp) return tcp_turn(flow, random_, microseconds);
    Turn turn;
    turn.from = static_cast<unsigned>(random_.below(2));
    turn.payload = any_size(random_);
    return turn;
  }

  const Mix mix_;
  const std::size_t snaplen_;
  Random random_;
  std::vector<Flow> flows_;
};

void append(std::vector<std::uint8_t>& out, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &value, 4);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::vector<std::uint8_t> Traffic::record(std::uint64_t number) {
  constexpr std::uint64_t kBegin = 1'700'000'000'000'000, kApart = 10;  // microseconds
  const std::uint64_t now = kBegin + number * kApart;
  Flow& flow = next_flow();
  const Turn turn = next_turn(flow, now);
  Packet packet;
  link_header(packet, flow, turn.from);
  const std::size_t link = packet.bytes().size();
  network_header(packet, flow, turn);
  const std::size_t original = link + (flow.v6 ? 40 : 20) + turn.payload;
  transport_header(packet, flow, turn);
  packet.fill(std::min(original, snaplen_));
  std::vector<std::uint8_t> out;
  append(out, static_cast<std::uint32_t>(now / 1'000'000));
  append(out, static_cast<std::uint32_t>(now % 1'000'000));
  append(out, static_cast<std::uint32_t>(packet.bytes().size()));
  append(out, static_cast<std::uint32_t>(original));
  out.insert(out.end(), packet.bytes().begin(), packet.bytes().end());
  return out;
}

std::optional<Mix> mix_of(std::string_view word) {
  if (word == "uniform") return Mix::uniform;
  if (word == "skewed") return Mix::skewed;
  if (word == "repeated") return Mix::repeated;
  return std::nullopt;
}

struct Closer {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Mix> mix = argc > 4 ? mix_of(argv[4]) : Mix::uniform;
  if (argc < 2 || !mix) {
    std::fprintf(stderr,
                 "usage: make_savefile FILE [PACKETS [FLOWS [uniform|skewed|repeated "
                 "[SNAPLEN]]]]\n");
    return 2;
  }
  const std::uint64_t packets = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2'000'000;
  const std::uint64_t flows = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 50'000;
  const std::uint64_t snaplen = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : kSnaplen;
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(argv[1], "wb"));
  if (!file || packets == 0 || flows == 0) {
    std::fprintf(stderr, "make_savefile: cannot write %s\n", argv[1]);
    return 1;
  }
  (void)std::setvbuf(file.get(), nullptr, _IOFBF, kFileBuffer);
  std::vector<std::uint8_t> out;
  for (const std::uint32_t word :
       {0xa1b2c3d4U, 0x00040002U, 0U, 0U, static_cast<std::uint32_t>(snaplen), 1U}) {
    append(out, word);
  }
  bool written = std::fwrite(out.data(), 1, out.size(), file.get()) == out.size();
  Traffic traffic(*mix, flows, snaplen);
  for (std::uint64_t i = 0; i < packets && written; ++i) {
    out = traffic.record(i);
    written = std::fwrite(out.data(), 1, out.size(), file.get()) == out.size();
  }
  if (!written || std::fflush(file.get()) != 0) {
    std::fprintf(stderr, "make_savefile: cannot write %s\n", argv[1]);
    return 1;
  }
  return 0;
}
