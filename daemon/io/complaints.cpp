#include "daemon/io/complaints.hpp"

namespace itnxt {
namespace {

constexpr Duration kInterval = 10s;
constexpr std::size_t kMaxPeers = 256;

}  // namespace

std::optional<Complaints::Due> Complaints::due(const std::string& peer, Instant now) {
  const bool crowd = about_.size() >= kMaxPeers && !about_.contains(peer);
  const auto [entry, first] = about_.try_emplace(crowd ? "others" : peer);
  About& about = entry->second;
  if (!first && now - about.last < kInterval) {
    ++about.unsaid;
    return std::nullopt;
  }
  Due due{entry->first, about.unsaid};
  about = {now, 0};
  return due;
}

}  // namespace itnxt
