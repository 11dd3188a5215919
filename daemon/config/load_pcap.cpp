// Captures.
#include <fmt/format.h>

#include <utility>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

// Longer ones are nearly addresses.
constexpr std::uint32_t kLongestIpv4 = 24;
constexpr std::uint32_t kLongestIpv6 = 64;

void read_talkers(Draft& draft, const Value& value, TalkersConfig& talkers) {
  const Object object(draft.problems, value, schema::talkers);
  if (!object.is_map()) return;
  object.integer("top", talkers.top, 0, 100);
  object.integer("ipv4", talkers.ipv4, 0, 32);
  object.integer("ipv6", talkers.ipv6, 0, 128);
  object.choice("addresses", talkers.addresses, kTalkerAddressesNames);
  object.duration("rotate", talkers.rotate, 1min, 24h * 31);
  const auto check = [&](std::string_view key, std::uint32_t length, std::uint32_t longest) {
    if (length <= longest || talkers.addresses == TalkerAddresses::plain) return;
    draft.problems.error(
        *object.find(key),
        fmt::format("{}: networks of /{} are nearly addresses, which this collector does not tell; "
                    "expected at most {}, or addresses: plain",
                    key, length, longest));
  };
  check("ipv4", talkers.ipv4, kLongestIpv4);
  check("ipv6", talkers.ipv6, kLongestIpv6);
}

void read_floods(Draft& draft, const Value& value, FloodsConfig& floods) {
  const Object object(draft.problems, value, schema::floods);
  if (!object.is_map()) return;
  object.number("syn", floods.syn, 0, 1e12);
  object.number("syn_ratio", floods.syn_ratio, 1, 1e6);
  object.number("udp_ratio", floods.udp_ratio, 1, 1e6);
  object.number("icmp", floods.icmp, 0, 1e12);
  object.number("icmp_ratio", floods.icmp_ratio, 1, 1e6);
  object.integer("seconds", floods.seconds, 1, 32);
  object.integer("within", floods.within, 1, 32);
  if (floods.seconds > floods.within) {
    const Value* at = object.find("seconds");
    draft.problems.error(
        at != nullptr ? *at : value,
        fmt::format("seconds: {} of {} seconds cannot be; expected seconds of at most within",
                    floods.seconds, floods.within));
  }
  const Value* udp = object.find("udp");
  const auto text = udp == nullptr ? std::nullopt : scalar_text(draft.problems, *udp, "udp");
  if (!text) return;
  const auto rate = *text == "0" ? BytesPerSecond(0) : parse_rate(*text);
  if (rate) {
    floods.udp = *rate;
  } else {
    draft.problems.error(*udp, "udp: " + rate.error());
  }
}

void read_prefixes(Draft& draft, const Value* list, std::vector<Cidr>& to) {
  if (list == nullptr) return;
  constexpr std::size_t kMost = 64;  // looked at one by one, twice a packet
  const auto items = list_items(draft.problems, *list, "local_prefixes", "networks");
  if (items.size() > kMost) {
    draft.problems.error(
        *list, fmt::format("local_prefixes: {} networks, at most {}", items.size(), kMost));
    return;
  }
  for (const Value* item : items) {
    const auto text = scalar_text(draft.problems, *item, "local_prefixes");
    if (!text) continue;
    const Result<Cidr> cidr = parse_cidr(*text);
    if (cidr) {
      to.push_back(*cidr);
    } else {
      draft.problems.error(*item, "local_prefixes: " + cidr.error());
    }
  }
}

}  // namespace

void read_pcap(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::pcap_collector);
  PcapCollectorConfig collector;
  object.name("name", collector.name);
  object.duration("interval", collector.interval, 100ms, 24h);
  object.text("interface", collector.interface, 15);  // IFNAMSIZ without its NUL
  object.path("file", collector.file);
  if (object.has("interface") == object.has("file")) {
    draft.problems.error(
        value, "a pcap collector reads one source; expected exactly one of interface and file");
  }
  if (object.name("link", collector.link)) {
    draft.links.find(draft.problems, collector.link.text(), *object.find("link"));
  }
  const Value* filter = object.find("filter");
  if (filter != nullptr && !(filter->is_scalar() && filter->text.empty())) {
    object.text("filter", collector.filter, 4096);
  }
  object.integer("snaplen", collector.snaplen, 64, 262'144);  // libpcap's own limit
  object.size("buffer", collector.buffer, Bytes(64U << 10U), Bytes(1U << 30U));
  read_prefixes(draft, object.find("local_prefixes"), collector.local_prefixes);
  object.integer("storm_threshold", collector.storm_threshold, 0, 1'000'000'000);
  object.integer("flows", collector.flows, 1024, 16'777'216);
  object.integer("site_pairs", collector.site_pairs, 1, 1024);
  if (const Value* talkers = object.find("talkers")) {
    read_talkers(draft, *talkers, collector.talkers);
  }
  if (const Value* floods = object.find("floods")) {
    read_floods(draft, *floods, collector.floods);
  }
  collector.prefixes = draft.config.inventory.prefixes;
  draft.config.collectors.emplace_back(std::move(collector));
}

}  // namespace itnxt
