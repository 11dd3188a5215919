#include "collectors/pcap/insight/talkers.hpp"

#include <algorithm>

namespace itnxt::pcap {

void Talkers::drain(Flow& flow) {
  if (flow.packets == 0) return;
  const std::uint64_t first = flow.bytes[0];
  const std::uint64_t second = flow.bytes[1];
  const std::uint64_t weight = std::max<std::uint64_t>(1, first + second);
  const std::uint64_t packets = flow.packets;
  const FlowKey key = flow.key();
  const std::uint64_t hash =
      hash_(key.address[0], key.address[1], std::uint64_t{key.ports} << 8U | key.protocol);

  FlowSums& sums = flows_.add(key, hash, weight);
  sums.bytes[0] += first;
  sums.bytes[1] += second;
  sums.packets += packets;

  const IpAddress a = network_.of(key.address[0]);
  const IpAddress b = network_.of(key.address[1]);
  if (a == b) {
    add_network(a, first + second, first + second, weight, packets);
  } else {
    add_network(a, first, second, weight, packets);
    add_network(b, second, first, weight, packets);
  }

  different_flows_.add(hash);
  for (unsigned end = 0; end < 2; ++end) {
    const std::uint64_t address = hash_(key.address[end]);
    if (flow.bytes[end] > 0) sources_.add(address);
    if (flow.bytes[1 - end] > 0) destinations_.add(address);
  }
  bytes_ += first + second;
  packets_ += packets;
  flow.bytes = {};
  flow.packets = 0;
}

void Talkers::add_network(const IpAddress& network, std::uint64_t sent, std::uint64_t received,
                          std::uint64_t weight, std::uint64_t packets) {
  NetworkSums& sums = networks_.add(network, hash_(network), weight);
  sums.sent += sent;
  sums.received += received;
  sums.packets += packets;
}

void Talkers::clear() {
  networks_.clear();
  flows_.clear();
  sources_.clear();
  destinations_.clear();
  different_flows_.clear();
  bytes_ = 0;
  packets_ = 0;
}

}  // namespace itnxt::pcap
