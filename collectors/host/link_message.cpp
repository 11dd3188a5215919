#include "collectors/host/link_message.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace itnxt::host {
namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::size_t kMostName = 15;    // IFNAMSIZ without its NUL
constexpr std::size_t kMostAlias = 255;  // IFALIASZ without its NUL

template <class T>
std::optional<T> read(Octets from) {
  T value;
  if (from.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, from.data(), sizeof value);
  return value;
}

constexpr std::size_t aligned(std::size_t length) {
  return (length + 3) & ~std::size_t{3};  // NLMSG_ALIGNTO and RTA_ALIGNTO are both 4
}

// Past what was `length` bytes long; the padding of the last one may be missing.
Octets behind(Octets from, std::size_t length) {
  return from.subspan(std::min(aligned(length), from.size()));
}

std::string_view text_of(Octets from, std::size_t most) {
  const std::string_view text(reinterpret_cast<const char*>(from.data()),
                              std::min(from.size(), most));
  return text.substr(0, text.find('\0'));
}

// rtnl_link_stats64 grew over time: what a kernel does not say is not there.
std::optional<CounterSet> counters_of(Octets from) {
  const auto at = [&](std::size_t offset) {
    return offset <= from.size() ? read<std::uint64_t>(from.subspan(offset)) : std::nullopt;
  };
  struct Place {
    Column column;
    std::size_t offset;
  };
  // rx_packets holds every packet, multicast too, and drivers do not agree on what else `multicast`
  // counts: the total stands as unicast, so that the sum of the columns is the total.
  static constexpr Place kPlaces[] = {
      {Column::in_octets, offsetof(rtnl_link_stats64, rx_bytes)},
      {Column::out_octets, offsetof(rtnl_link_stats64, tx_bytes)},
      {Column::in_unicast_packets, offsetof(rtnl_link_stats64, rx_packets)},
      {Column::out_unicast_packets, offsetof(rtnl_link_stats64, tx_packets)},
      {Column::in_errors, offsetof(rtnl_link_stats64, rx_errors)},
      {Column::out_errors, offsetof(rtnl_link_stats64, tx_errors)},
      {Column::in_discards, offsetof(rtnl_link_stats64, rx_dropped)},
      {Column::out_discards, offsetof(rtnl_link_stats64, tx_dropped)},
  };
  CounterSet counters;
  for (const Place& place : kPlaces) {
    const auto value = at(place.offset);
    if (!value) return std::nullopt;
    counters.set(place.column, {*value, CounterWidth::bits64});
  }
  // For want of buffers: discards as well (RFC 2863 ifInDiscards), as /proc/net/dev counts them.
  if (const auto missed = at(offsetof(rtnl_link_stats64, rx_missed_errors))) {
    const std::uint64_t dropped = counters.get(Column::in_discards)->value;
    counters.set(Column::in_discards, {dropped + *missed, CounterWidth::bits64});
  }
  return counters;
}

void take_attribute(LinkMessage& link, std::uint16_t type, Octets value) {
  switch (type & NLA_TYPE_MASK) {
    case IFLA_IFNAME:
      if (const auto name = text_of(value, kMostName); !name.empty()) link.name = name;
      return;
    case IFLA_IFALIAS:
      link.alias = text_of(value, kMostAlias);
      return;
    case IFLA_ADDRESS:
      link.address = PhysAddress(value.first(std::min(value.size(), PhysAddress::kMost)));
      return;
    case IFLA_OPERSTATE:
      link.operational = read<std::uint8_t>(value);
      return;
    case IFLA_STATS64:
      link.counters = counters_of(value);
      return;
    default:  // some seventy others
      return;
  }
}

// False: an attribute is longer than what is left.
bool take_attributes(LinkMessage& link, Octets rest) {
  while (const auto header = read<nlattr>(rest)) {
    if (header->nla_len < sizeof(nlattr) || header->nla_len > rest.size()) return false;
    take_attribute(link, header->nla_type,
                   rest.subspan(sizeof(nlattr), header->nla_len - sizeof(nlattr)));
    rest = behind(rest, header->nla_len);
  }
  return rest.empty();
}

}  // namespace

std::optional<Message> Datagram::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  const auto header = read<nlmsghdr>(rest_);
  malformed_ = !header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size();
  if (malformed_) return std::nullopt;
  const Message message{header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq,
                        rest_.first(header->nlmsg_len).subspan(sizeof(nlmsghdr))};
  rest_ = behind(rest_, header->nlmsg_len);
  return message;
}

std::variant<LinkMessage, NoLink> read_link(const Message& message) {
  if (message.type != RTM_NEWLINK && message.type != RTM_DELLINK) return NoLink::other;
  const auto info = read<ifinfomsg>(message.payload);
  if (!info) return NoLink::malformed;
  if (info->ifi_family != AF_UNSPEC) return NoLink::other;
  if (info->ifi_index <= 0) return NoLink::malformed;
  LinkMessage link;
  link.gone = message.type == RTM_DELLINK;
  link.if_index = static_cast<std::uint32_t>(info->ifi_index);
  link.hardware = info->ifi_type;
  link.flags = info->ifi_flags;
  if (!take_attributes(link, behind(message.payload, sizeof(ifinfomsg)))) return NoLink::malformed;
  // The kernel leaves an empty alias out, but only of messages that tell everything.
  if (!link.alias && link.operational) link.alias = std::string_view();
  return link;
}

std::optional<int> read_error(const Message& message) {
  const auto error = read<std::int32_t>(message.payload);
  if (!error) return std::nullopt;
  return *error < 0 && *error > -4096 ? -*error : 0;  // MAX_ERRNO
}

AdminStatus admin_status(std::uint32_t flags) {
  return (flags & IFF_UP) != 0 ? AdminStatus::up : AdminStatus::down;
}

OperStatus oper_status(std::uint32_t flags, std::uint8_t operational) {
  const bool usable = (flags & IFF_UP) != 0;
  const bool carrier = (flags & IFF_LOWER_UP) != 0;
  if (operational == IF_OPER_NOTPRESENT) return OperStatus::not_present;
  if (!usable) return OperStatus::down;
  switch (operational) {
    case IF_OPER_UNKNOWN:
      return (flags & IFF_RUNNING) != 0 && carrier ? OperStatus::up : OperStatus::down;
    case IF_OPER_DOWN:
      return OperStatus::down;
    case IF_OPER_LOWERLAYERDOWN:
      return OperStatus::lower_layer_down;
    case IF_OPER_TESTING:
      return OperStatus::testing;
    case IF_OPER_DORMANT:
      return OperStatus::dormant;
    case IF_OPER_UP:
      return carrier ? OperStatus::up : OperStatus::down;
    default:  // a number from the kernel: one that RFC 2863 has no word for
      return OperStatus::not_known;
  }
}

}  // namespace itnxt::host
