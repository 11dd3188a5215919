#include "collectors/pcap/insight/site_pairs.hpp"

#include <algorithm>
#include <bit>

namespace itnxt::pcap {

SitePairs::SitePairs(std::size_t most)
    : most_(std::clamp<std::size_t>(most, 1, 1024)), places_(std::bit_ceil(2 * most_)) {
  pairs_.reserve(most_ + 1);
  pairs_.emplace_back();
}

// Sites are the configuration's, not strangers': no secret is needed to spread them.
std::uint16_t SitePairs::find(SiteNumber client, SiteNumber server) {
  if (client == 0 && server == 0) return kRest;
  const std::uint32_t both = std::uint32_t{client} << 16U | server;
  const std::size_t mask = places_.size() - 1;
  std::size_t place = (both * 0x9E3779B1U >> 7U) & mask;
  for (; places_[place] != 0; place = (place + 1) & mask) {
    const TcpPair& pair = pairs_[places_[place]];
    if (pair.client == client && pair.server == server) return places_[place];
  }
  if (pairs_.size() > most_) return kRest;
  places_[place] = static_cast<std::uint16_t>(pairs_.size());
  pairs_.push_back({});
  pairs_.back().client = client;
  pairs_.back().server = server;
  return places_[place];
}

}  // namespace itnxt::pcap
