// Floods towards a network (a prefix): told from sustained evidence only, so that a burst is none.
// Time goes in windows of one second. A window is evidence when more came towards the network than
// `limit` and at least `ratio` times what excuses it:
//   syn                TCP connections asked for; excused by those that were completed (the client
//                      went on after its SYN: RFC 4987 §2 is what does not)
//   udp_amplification  bytes of UDP from ports that answer with more than they are asked, later
//                      fragments with them; excused by the bytes the network sent to such ports
//   icmp               ICMP packets; excused by the echo requests the network sent
// Later fragments bear no ports: those of UDP towards a network are taken for what first fragments
// from such ports announce (UDP's length) to come behind them in the same window, and for no more.
// So ordinary fragments (NFS, IPsec over UDP, SIP) are never evidence, whatever comes with them,
// and a forged length is worth no more than the fragments that really come. Of a window in which
// first fragments were dropped unseen the rest is not counted; a flood of later fragments alone is
// not told. A flood begins when `needed` of the last `of` windows are evidence, and is over when
// none of them is. Fixed memory: 1024 networks; one that has come to notice gives its place to no
// other. Pure; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/pcap/insight/keyed_hash.hpp"
#include "collectors/pcap/packet.hpp"

namespace itnxt::pcap {

enum class FloodKind : std::uint8_t { syn, udp_amplification, icmp };
inline constexpr std::size_t kFloodKinds = 3;
inline constexpr std::array<std::string_view, kFloodKinds> kFloodKindNames = {
    "syn", "udp_amplification", "icmp"};

struct FloodLimit {
  double limit = 0;  // a second: connections, bytes, packets; 0: this kind is not looked for
  double ratio = 1;
};
struct FloodLimits {
  std::array<FloodLimit, kFloodKinds> kinds{};
  unsigned needed = 5;
  unsigned of = 10;  // at most 32
};

// A flood that begins or is over, with its numbers.
struct FloodChange {
  bool begins = false;
  FloodKind kind = FloodKind::syn;
  IpAddress network;
  std::int64_t first_second = 0;  // the first window that was evidence, …
  std::int64_t last_second = 0;   // … and the last so far: Unix seconds of the packets
  unsigned windows = 0;           // that were evidence so far
  std::uint64_t total = 0;        // in them
  std::uint64_t excused = 0;      // in them
  std::uint64_t peak = 0;         // of a window
};

// Services that answer strangers by UDP with more than they were asked
// (cisa.gov "UDP-Based Amplification Attacks", TA14-017A).
inline constexpr std::array<std::uint16_t, 16> kAmplifiers = {
    17,     // quote of the day
    19,     // character generator
    53,     // DNS
    69,     // TFTP
    111,    // portmap
    123,    // NTP
    137,    // NetBIOS
    161,    // SNMP
    389,    // connectionless LDAP
    520,    // RIP
    1900,   // SSDP
    3283,   // Apple remote desktop
    3702,   // WS-Discovery
    5353,   // mDNS
    11211,  // memcached
    27015,  // Steam
};
// A bit for each port: no branch that cannot be foretold, twice a packet.
inline constexpr auto kAmplifierBits = [] {
  std::array<std::uint64_t, 1024> bits{};
  for (const std::uint16_t port : kAmplifiers) bits[port / 64] |= std::uint64_t{1} << port % 64;
  return bits;
}();
[[nodiscard]] constexpr bool amplifies(std::uint16_t port) {
  return (kAmplifierBits[port / 64] >> port % 64 & 1U) != 0;
}

class Floods {
 public:
  Floods(const FloodLimits& limits, const HashSecret& secret) : limits_(limits), hash_(secret) {}

  // For windows from the one under way on.
  void set_limits(const FloodLimits& limits) { limits_ = limits; }
  // Networks are others from now on: what is told to go on is told to be over, the rest forgotten.
  void end_all();
  // The second that packets belong to from now on. Windows between are empty ones; going back
  // changes nothing.
  void advance(std::int64_t second) {
    if (second > second_) close_windows(second);
  }
  // The clock was set back by so many seconds: windows go on from there.
  void set_back(std::int64_t seconds);
  void toward(FloodKind kind, const IpAddress& network, std::uint64_t amount) {
    count(kind, network, amount, true);
  }
  void excuse(FloodKind kind, const IpAddress& network, std::uint64_t amount) {
    count(kind, network, amount, false);
  }
  // toward() or excuse(), for who cannot foretell which.
  void count(FloodKind kind, const IpAddress& network, std::uint64_t amount, bool toward) {
    Counts* const counts = find(network, toward);
    if (counts != nullptr) counts->sums[toward ? 0 : 1][index(kind)] += amount;
  }
  // UDP in fragments: first ones from such a port (toward) or to one (excuse) announce `rest` bytes
  // behind them; later ones come from one network to another.
  void announce(const IpAddress& network, std::uint64_t rest, bool toward) {
    Counts* const counts = find(network, false);
    if (counts != nullptr) counts->fragments[toward ? 0 : 1].announced += rest;
  }
  void later_fragment(const IpAddress& from, const IpAddress& to, std::uint64_t bytes) {
    if (Counts* const counts = find(to, false)) counts->fragments[0].came += bytes;
    if (Counts* const counts = find(from, false)) counts->fragments[1].came += bytes;
  }
  // What changed since the last call; at most kMostChanges, the rest is dropped.
  static constexpr std::size_t kMostChanges = 256;
  [[nodiscard]] std::vector<FloodChange> take_changes() { return std::exchange(changes_, {}); }

 private:
  static constexpr std::size_t kSets = 64, kWays = 16;
  using Tags = std::array<std::uint32_t, kWays>;  // 0: nobody
  struct Course {
    std::uint32_t history = 0;  // bit 0: the last window
    bool told = false;
    std::uint64_t total = 0, excused = 0, peak = 0;
    std::int64_t first = 0, last = 0;
    unsigned windows = 0;
  };
  struct Fragments {
    std::uint64_t announced = 0, came = 0;
  };
  // What a packet that is no fragment changes is one cache line.
  struct alignas(64) Counts {
    IpAddress network;
    std::array<std::array<std::uint64_t, kFloodKinds>, 2> sums{};  // toward it, excused
    std::array<Course, kFloodKinds> courses{};
    std::array<Fragments, 2> fragments{};  // toward it, from it
  };
  static std::size_t index(FloodKind kind) { return static_cast<std::size_t>(kind); }
  static std::uint64_t worth(const Counts& counts);
  static std::size_t set_of(std::uint64_t hash) { return hash % kSets; }
  // Where in its set a network is looked for first, and put when there is room.
  static std::size_t home_of(std::uint64_t hash) { return hash / kSets % kWays; }
  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U) | 1U;
  }
  Counts* find(const IpAddress& network, bool make) {
    const std::uint64_t hash = hash_(network);
    Counts& home = table_[set_of(hash) * kWays + home_of(hash)];
    const bool there = tags_[set_of(hash)][home_of(hash)] == tag_of(hash);
    if (there && home.network == network) [[likely]]
      return &home;
    return search(network, hash, make);
  }
  Counts* search(const IpAddress& network, std::uint64_t hash, bool make);
  void close_windows(std::int64_t second);
  // False: there is nothing in it to be kept.
  bool close_window(Counts& counts);
  void judge(Counts& counts, FloodKind kind);
  void tell(const Counts& counts, FloodKind kind, bool begins);

  FloodLimits limits_;
  KeyedHash hash_;
  std::int64_t second_ = 0;
  std::vector<Tags> tags_ = std::vector<Tags>(kSets);
  std::vector<Counts> table_ = std::vector<Counts>(kSets * kWays);
  std::vector<FloodChange> changes_;
};

}  // namespace itnxt::pcap
