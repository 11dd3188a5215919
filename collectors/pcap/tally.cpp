#include "collectors/pcap/tally.hpp"

namespace itnxt::pcap {

Direction direction_between(const Datagram& outer, const PrefixSet& local) {
  const bool from = local.holds(outer.source);
  const bool to = local.holds(outer.destination);
  if (from == to) return Direction::unknown;
  return from ? Direction::transmit : Direction::receive;
}

Direction direction_by_link(const Packet& frame, const Vantage& vantage) {
  switch (frame.sender) {
    case Sender::self:
      return Direction::transmit;
    case Sender::peer:
      return Direction::receive;
    case Sender::address:
      if (vantage.loops_back) return Direction::receive;
      if (!vantage.own) return Direction::unknown;
      return frame.source == *vantage.own ? Direction::transmit : Direction::receive;
    case Sender::unsaid:
      return vantage.loops_back ? Direction::receive : Direction::unknown;
  }
  return Direction::unknown;
}

std::string direction_source(const Vantage& vantage, const PrefixSet& local, bool live) {
  std::string rest = "as Linux cooked frames say, else not known";
  if (vantage.loops_back) {
    rest = "all is received, by the loopback device";
  } else if (vantage.own) {
    rest = "sent is what bears the interface's own address, all else is received";
  } else if (live) {
    rest = "as the kernel says of each frame where it does, else not known";
  }
  return local.empty() ? rest : "between local_prefixes and the others; within one side: " + rest;
}

std::uint64_t Growth::since_last(std::uint32_t total) {
  const std::uint32_t step = total - last_;
  last_ = total;
  return step < 0x8000'0000U ? step : 0;
}

void Tally::copy_to(CaptureSample& sample) const {
  sample.traffic = traffic_;
  sample.dropped = dropped_;
  sample.malformed = malformed_;
}

std::uint64_t Tally::dropped() const {
  std::uint64_t sum = 0;
  for (const Packets packets : dropped_) sum += packets.count();
  return sum;
}

std::uint64_t Tally::packets() const {
  std::uint64_t sum = 0;
  for (const auto& direction : traffic_) {
    for (const TrafficCount& cell : direction) sum += cell.packets.count();
  }
  return sum;
}

}  // namespace itnxt::pcap
