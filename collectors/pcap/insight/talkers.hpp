// Who talks most, and how many there are: networks and flows by bytes, counted from what the flow
// cache hands over when a flow goes and at the end of each interval, so that it costs next to
// nothing a packet. Constant memory, about 2 MiB. Pure; one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "collectors/pcap/insight/distinct.hpp"
#include "collectors/pcap/insight/flow.hpp"
#include "collectors/pcap/insight/heavy_hitters.hpp"
#include "collectors/pcap/insight/keyed_hash.hpp"
#include "collectors/pcap/insight/site_map.hpp"

namespace itnxt::pcap {

// Of 128 bits: an IPv4 /24 is 120.
struct NetworkLengths {
  unsigned v4 = 120;
  unsigned v6 = 48;
  bool operator==(const NetworkLengths&) const = default;
};
constexpr IpAddress network_of(const IpAddress& address, const NetworkLengths& lengths) {
  return masked(address, address.is_v4() ? lengths.v4 : lengths.v6);
}

// The same, made ready for many addresses.
class Networks {
 public:
  explicit constexpr Networks(const NetworkLengths& lengths)
      : masks_{masked(kAll, lengths.v6), masked(kAll, lengths.v4)} {}
  [[nodiscard]] IpAddress of(const IpAddress& address) const {
    const IpAddress& mask = masks_[address.is_v4() ? 1 : 0];
    return {address.high & mask.high, address.low & mask.low};
  }

 private:
  static constexpr IpAddress kAll = {~std::uint64_t{0}, ~std::uint64_t{0}};
  std::array<IpAddress, 2> masks_;
};

class Talkers {
 public:
  // Bytes and packets while it has its row: lower bounds where the row has an error.
  struct NetworkSums {
    std::uint64_t sent = 0, received = 0, packets = 0;
  };
  struct FlowSums {
    std::array<std::uint64_t, 2> bytes{};  // by sender
    std::uint64_t packets = 0;
  };
  using HeavyNetworks = HeavyHitters<IpAddress, NetworkSums>;
  using Flows = HeavyHitters<FlowKey, FlowSums>;
  static constexpr std::size_t kRows = 4096;

  Talkers(const NetworkLengths& lengths, const HashSecret& secret)
      : network_(lengths), hash_(secret), networks_(kRows), flows_(kRows) {}

  // What is known of this interval is forgotten.
  void set_networks(const NetworkLengths& lengths) {
    network_ = Networks(lengths);
    clear();
  }

  // Takes over what the flow has not yet told, and sets it to nothing.
  void drain(Flow& flow);

  [[nodiscard]] const HeavyNetworks& networks() const { return networks_; }
  [[nodiscard]] const Flows& flows() const { return flows_; }
  // Different addresses that sent and received, different flows.
  [[nodiscard]] const Distinct& sources() const { return sources_; }
  [[nodiscard]] const Distinct& destinations() const { return destinations_; }
  [[nodiscard]] const Distinct& different_flows() const { return different_flows_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t packets() const { return packets_; }

  void clear();

 private:
  void add_network(const IpAddress& network, std::uint64_t sent, std::uint64_t received,
                   std::uint64_t weight, std::uint64_t packets);

  Networks network_;
  KeyedHash hash_;
  HeavyNetworks networks_;
  Flows flows_;
  Distinct sources_, destinations_, different_flows_;
  std::uint64_t bytes_ = 0, packets_ = 0;
};

}  // namespace itnxt::pcap
