#include "collectors/pcap/insight/site_pairs.hpp"

#include <algorithm>
#include <bit>

namespace itnxt::pcap {

SitePairs::SitePairs(std::size_t most) {
  pairs_.emplace_back();
  set_most(most);
}

void SitePairs::set_most(std::size_t most) {
  most_ = std::clamp<std::size_t>(most, 1, 1024);
  places_.assign(std::bit_ceil(2 * std::max(most_, pairs_.size())), 0);
  pairs_.reserve(most_ + 1);
  for (std::size_t i = 1; i < pairs_.size(); ++i) {
    places_[place_of(pairs_[i].client, pairs_[i].server)] = static_cast<std::uint16_t>(i);
  }
}

// Where it is, or would be. Sites are the configuration's, not strangers': no secret is needed to
// spread them.
std::size_t SitePairs::place_of(SiteNumber client, SiteNumber server) const {
  const std::uint32_t both = std::uint32_t{client} << 16U | server;
  const std::size_t mask = places_.size() - 1;
  std::size_t place = (both * 0x9E3779B1U >> 7U) & mask;
  for (; places_[place] != 0; place = (place + 1) & mask) {
    const TcpPair& pair = pairs_[places_[place]];
    if (pair.client == client && pair.server == server) break;
  }
  return place;
}

std::uint16_t SitePairs::find(SiteNumber client, SiteNumber server) {
  if (client == 0 && server == 0) return kRest;
  const std::size_t place = place_of(client, server);
  if (places_[place] != 0) return places_[place];
  if (pairs_.size() > most_) return kRest;
  places_[place] = static_cast<std::uint16_t>(pairs_.size());
  pairs_.push_back({});
  pairs_.back().client = client;
  pairs_.back().server = server;
  return places_[place];
}

}  // namespace itnxt::pcap
