// What is counted of TCP between two sites, for a bounded number of pairs. Pure; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "collectors/pcap/insight/site_map.hpp"

namespace itnxt::pcap {

// The two ends of a connection: who opened it, and who was asked. Label values of `side`.
enum class Side : std::uint8_t { client, server };
inline constexpr std::size_t kSides = 2;
inline constexpr std::array<std::string_view, kSides> kSideNames = {"client", "server"};

// Upper bounds of the round-trip histogram's buckets, in microseconds; behind the last: infinity.
inline constexpr std::array<std::uint32_t, 12> kRoundTripBounds = {
    500,    1'000,   2'000,   5'000,   10'000,    20'000,
    50'000, 100'000, 200'000, 500'000, 1'000'000, 2'000'000};

struct RoundTrips {
  std::array<std::uint64_t, kRoundTripBounds.size() + 1> buckets{};  // each its own, not summed up
  std::uint64_t micros = 0;                                          // sum

  void add(std::uint32_t round_trip) {
    std::size_t bucket = 0;  // without a branch: where it ends cannot be foretold
    for (const std::uint32_t bound : kRoundTripBounds) bucket += round_trip > bound ? 1 : 0;
    ++buckets[bucket];
    micros += round_trip;
  }
};

// By the end that a half of the path leads to, or that did it. Totals since the capture began.
struct TcpSide {
  RoundTrips round_trips;  // from the tap to this end and back
  std::uint64_t retransmissions = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t zero_windows = 0;
  std::uint64_t resets = 0;
};
struct TcpPair {
  SiteNumber client = 0;
  SiteNumber server = 0;
  std::array<TcpSide, kSides> sides{};
  std::uint64_t unanswered = 0;  // attempts to connect
};

class SitePairs {
 public:
  static constexpr std::uint16_t kRest = 0;

  // At most `most` (1 to 1024) pairs beside the rest, which is what no site of ours takes part in
  // and what comes when all places are taken.
  explicit SitePairs(std::size_t most);

  // What has a place keeps it, also where they are more than that.
  void set_most(std::size_t most);

  std::uint16_t find(SiteNumber client, SiteNumber server);
  [[nodiscard]] TcpPair& operator[](std::uint16_t pair) { return pairs_[pair]; }
  // The rest first.
  [[nodiscard]] const std::vector<TcpPair>& all() const { return pairs_; }

 private:
  [[nodiscard]] std::size_t place_of(SiteNumber client, SiteNumber server) const;

  std::size_t most_ = 0;
  std::vector<TcpPair> pairs_;
  std::vector<std::uint16_t> places_;  // open addressing, at most half full; 0: free
};

}  // namespace itnxt::pcap
