// Messages of the kernel about links, put together by hand.
#pragma once

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/host/link_message.hpp"

namespace itnxt::host::test {

using Bytes = std::vector<std::uint8_t>;

template <class T>
Bytes raw(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
inline Bytes text(std::string_view value) {
  Bytes bytes(value.begin(), value.end());
  bytes.push_back(0);
  return bytes;
}
inline void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}
inline void pad(Bytes& bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
}

inline Bytes attribute(std::uint16_t type, const Bytes& value) {
  Bytes bytes = raw(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type});
  append(bytes, value);
  pad(bytes);
  return bytes;
}

inline Bytes info(int if_index, std::uint32_t flags, std::uint8_t family = 0) {
  ifinfomsg head{};
  head.ifi_family = family;
  head.ifi_type = 1;  // ARPHRD_ETHER
  head.ifi_index = if_index;
  head.ifi_flags = flags;
  return raw(head);
}

inline Bytes message(std::uint16_t type, const Bytes& payload, std::uint16_t flags = 0) {
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + payload.size());
  head.nlmsg_type = type;
  head.nlmsg_flags = flags;
  head.nlmsg_seq = 7;
  Bytes bytes = raw(head);
  append(bytes, payload);
  pad(bytes);
  return bytes;
}

inline constexpr std::uint32_t kUp = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;
inline constexpr std::uint8_t kOperUp = 6;    // IF_OPER_UP
inline constexpr std::uint8_t kOperDown = 2;  // IF_OPER_DOWN

inline rtnl_link_stats64 statistics() {
  rtnl_link_stats64 stats{};
  stats.rx_packets = 100;
  stats.tx_packets = 200;
  stats.rx_bytes = (std::uint64_t{1} << 40U) + 1;
  stats.tx_bytes = 20'000;
  stats.rx_errors = 3;
  stats.tx_errors = 4;
  stats.rx_dropped = 5;
  stats.tx_dropped = 6;
  stats.multicast = 40;
  stats.rx_missed_errors = 10;
  return stats;
}

// All that a dump says of a link, as far as we are concerned.
inline Bytes whole_link(int if_index, const std::string& name, std::uint32_t flags,
                        std::uint8_t operational) {
  Bytes payload = info(if_index, flags);
  append(payload, attribute(IFLA_IFNAME, text(name)));
  append(payload, attribute(IFLA_ADDRESS, {2, 0, 0, 0, 0, static_cast<std::uint8_t>(if_index)}));
  append(payload, attribute(IFLA_OPERSTATE, {operational}));
  append(payload, attribute(IFLA_STATS64, raw(statistics())));
  return payload;
}

// The same as read; the views live as long as the program.
inline LinkMessage present(int if_index, std::string_view name, bool up) {
  LinkMessage link;
  link.if_index = static_cast<std::uint32_t>(if_index);
  link.hardware = 1;
  link.flags = up ? kUp : std::uint32_t{IFF_UP};
  link.name = name;
  link.alias = std::string_view();
  link.operational = up ? kOperUp : kOperDown;
  CounterSet counters;
  counters.set(Column::in_octets, {1000, CounterWidth::bits64});
  link.counters = counters;
  return link;
}
inline LinkMessage gone(int if_index) {
  LinkMessage link;
  link.gone = true;
  link.if_index = static_cast<std::uint32_t>(if_index);
  return link;
}

}  // namespace itnxt::host::test
