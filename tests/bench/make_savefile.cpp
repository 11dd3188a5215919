// make_savefile FILE [PACKETS] [FLOWS]: a savefile for benchmarks, the same every time. Headers as
// a tap with snaplen 128 keeps them: TCP, UDP and ICMP over IPv4 and IPv6, a third of it tagged.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kSnaplen = 128;
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

// A flow's headers follow from its number alone.
struct Flow {
  explicit Flow(std::uint64_t number) : id(number) {
    Random random;
    for (std::uint64_t i = 0; i < 3; ++i) kind = random.next() ^ (number * 0x9e3779b97f4a7c15U);
    v6 = kind % 100 < 20;
    const std::uint64_t p = (kind >> 8U) % 100;
    protocol = p < 70 ? 6 : p < 95 ? 17 : v6 ? 58 : 1;
    tags = (kind >> 16U) % 100 < 33 ? ((kind >> 24U) % 4 == 0 ? 2 : 1) : 0;
  }
  std::uint64_t id;
  std::uint64_t kind = 0;
  bool v6 = false;
  std::uint8_t protocol = 6;
  int tags = 0;
};

void link_header(Packet& packet, const Flow& flow) {
  packet.u16(0x0200);
  packet.u32(1);
  packet.u16(0x0200);
  packet.u32(2);
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

void network_header(Packet& packet, const Flow& flow, std::size_t payload) {
  if (flow.v6) {
    packet.u32(0x60000000);
    packet.u16(payload);
    packet.u8(flow.protocol);
    packet.u8(64);
    for (const std::uint64_t side : {1U, 2U}) {
      packet.u32(0xfd000000);
      packet.u32(0);
      packet.u32(side);
      packet.u32(flow.id);
    }
    return;
  }
  packet.u16(0x4500);
  packet.u16(20 + payload);
  packet.u32(0x00004000);
  packet.u8(64);
  packet.u8(flow.protocol);
  packet.u16(0);
  packet.u32(0x0a000000 + flow.id);
  packet.u32(0xac100000 + flow.id % 4096);
}

void transport_header(Packet& packet, const Flow& flow, std::size_t payload) {
  if (flow.protocol == 6) {
    packet.u16(1024 + flow.kind % 60000);
    packet.u16(443);
    packet.u32(flow.kind);
    packet.u32(flow.kind >> 32U);
    packet.u32(0x80100200);
    packet.u32(0);
    packet.u32(0x0101080a);
    packet.u32(1);
    packet.u32(2);
  } else if (flow.protocol == 17) {
    packet.u16(1024 + flow.kind % 60000);
    packet.u16(53);
    packet.u16(payload);
    packet.u16(0);
  } else {
    packet.u16(flow.v6 ? 0x8000 : 0x0800);
    packet.u16(0);
    packet.u32(flow.id);
  }
}

void append(std::vector<std::uint8_t>& out, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &value, 4);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::vector<std::uint8_t> record(std::uint64_t number, const Flow& flow, std::size_t payload) {
  Packet packet;
  link_header(packet, flow);
  const std::size_t link = packet.bytes().size();
  network_header(packet, flow, payload);
  const std::size_t original = link + (flow.v6 ? 40 : 20) + payload;
  transport_header(packet, flow, payload);
  packet.fill(original < kSnaplen ? original : kSnaplen);
  std::vector<std::uint8_t> out;
  append(out, static_cast<std::uint32_t>(1700000000 + number / 100000));
  append(out, static_cast<std::uint32_t>(number % 100000 * 10));
  append(out, static_cast<std::uint32_t>(packet.bytes().size()));
  append(out, static_cast<std::uint32_t>(original));
  out.insert(out.end(), packet.bytes().begin(), packet.bytes().end());
  return out;
}

struct Closer {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: make_savefile FILE [PACKETS] [FLOWS]\n");
    return 2;
  }
  const std::uint64_t packets = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2'000'000;
  const std::uint64_t flows = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 50'000;
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(argv[1], "wb"));
  if (!file || packets == 0 || flows == 0) {
    std::fprintf(stderr, "make_savefile: cannot write %s\n", argv[1]);
    return 1;
  }
  (void)std::setvbuf(file.get(), nullptr, _IOFBF, kFileBuffer);
  std::vector<std::uint8_t> out;
  for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 128U, 1U}) append(out, word);
  bool written = std::fwrite(out.data(), 1, out.size(), file.get()) == out.size();
  Random random;
  for (std::uint64_t i = 0; i < packets && written; ++i) {
    const Flow flow(random.below(flows));
    // Half small, a third full, the rest between: roughly what links carry.
    const std::uint64_t size = random.below(6);
    const std::size_t payload = size < 3   ? 32 + random.below(60)
                                : size < 5 ? 1452
                                           : 32 + random.below(1400);
    out = record(i, flow, payload);
    written = std::fwrite(out.data(), 1, out.size(), file.get()) == out.size();
  }
  if (!written || std::fflush(file.get()) != 0) {
    std::fprintf(stderr, "make_savefile: cannot write %s\n", argv[1]);
    return 1;
  }
  return 0;
}
