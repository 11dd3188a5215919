// Who talks most on the wire of a capture, and how many there are. Names, not addresses: what
// stands for an address is made by the collector (a pseudonym, unless configured otherwise) and
// means nothing to anyone behind it. Values only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

inline constexpr std::size_t kMostTalkers = 100;     // networks, and as many flows
inline constexpr std::size_t kMostTalkerName = 128;  // bytes

// Bytes and packets are lower bounds: at most `missed` bytes more there may have been.
struct TalkerNetwork {
  std::string network;  // "10.1.2.0/24"
  SiteName site;        // empty: none of ours
  std::uint64_t sent = 0, received = 0, packets = 0, missed = 0;
  bool operator==(const TalkerNetwork&) const = default;
};
struct TalkerEnd {
  std::string host;        // "10.1.2.0/24 3f9a41c07be2", or the address
  SiteName site;           // empty: none of ours
  std::uint16_t port = 0;  // 0: the protocol has none
  std::uint64_t sent = 0;  // bytes
  bool operator==(const TalkerEnd&) const = default;
};
struct TalkerFlow {
  std::array<TalkerEnd, 2> ends;
  std::uint8_t protocol = 0;  // IANA
  std::uint64_t packets = 0, missed = 0;
  bool operator==(const TalkerFlow&) const = default;
};

struct TalkersSample {
  CollectorName capture;
  SourceTime at;
  Duration interval{};  // how often it comes: staleness counts in it
  Duration span{};      // in which all this was seen; zero: of a savefile, as far as it was read
  std::uint64_t packets = 0, bytes = 0;                    // IP only
  std::uint64_t sources = 0, destinations = 0, flows = 0;  // different ones, about (2 %)
  std::vector<TalkerNetwork> networks;                     // heaviest first, at most kMostTalkers
  std::vector<TalkerFlow> heaviest;                        // flows, the same
  bool operator==(const TalkersSample&) const = default;
};

}  // namespace itnxt
