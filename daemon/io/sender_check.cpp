#include "daemon/io/sender_check.hpp"

#include <algorithm>

#include "daemon/io/zmq_security.hpp"

namespace itnxt {
namespace {

constexpr double kBurstSeconds = 4;
constexpr std::size_t kMaxNodes = 10'000;  // more share what one has

}  // namespace

std::optional<Denial> SenderCheck::arrives(std::string_view user, std::size_t bytes, Instant now) {
  if (gate_ == nullptr) return std::nullopt;
  const NodeName* node = gate_->node_of(user);
  if (node == nullptr) return Denial::key;
  if (!spends(*node, bytes, now)) return Denial::budget;
  return std::nullopt;
}

std::optional<Denial> SenderCheck::claims(std::string_view user, const NodeName& node,
                                          std::size_t bytes, Instant now) {
  if (gate_ == nullptr) {
    if (!spends(node, bytes, now)) return Denial::budget;
    return std::nullopt;
  }
  const NodeName* known = gate_->node_of(user);
  if (known == nullptr || *known != node) return Denial::node;
  return std::nullopt;
}

// What is refused costs nothing: the bucket fills while it waits, and a message larger than the
// bucket comes through.
bool SenderCheck::spends(const NodeName& node, std::size_t bytes, Instant now) {
  const auto rate = static_cast<double>(per_second_.count());
  const bool crowd = buckets_.size() >= kMaxNodes && !buckets_.contains(node);
  const auto [entry, fresh] = buckets_.try_emplace(crowd ? NodeName() : node);
  Bucket& bucket = entry->second;
  const double since = fresh ? kBurstSeconds : seconds(now - bucket.at);
  bucket.at = now;
  bucket.level = std::min(bucket.level + since * rate, kBurstSeconds * rate);
  if (bucket.level <= 0) return false;
  bucket.level -= static_cast<double>(bytes);
  return true;
}

}  // namespace itnxt
