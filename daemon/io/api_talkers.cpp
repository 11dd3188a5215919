#include "daemon/io/api_talkers.hpp"

#include <string>
#include <string_view>

namespace itnxt {
namespace {

Json site_or_null(const SiteName& site) {
  return site.text().empty() ? Json(nullptr) : Json(site.text());
}

// As people say it; the numbers are IANA's.
std::string protocol_name(std::uint8_t number) {
  switch (number) {
    case 1:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 58:
      return "icmpv6";
    case 132:
      return "sctp";
    default:
      return std::to_string(number);
  }
}

Json network_json(const TalkerNetwork& network) {
  return {{"network", network.network}, {"site", site_or_null(network.site)},
          {"sent_bytes", network.sent}, {"received_bytes", network.received},
          {"packets", network.packets}, {"missed_bytes", network.missed}};
}

Json end_json(const TalkerEnd& end) {
  return {{"host", end.host},
          {"site", site_or_null(end.site)},
          {"port", end.port == 0 ? Json(nullptr) : Json(end.port)},
          {"sent_bytes", end.sent}};
}

Json flow_json(const TalkerFlow& flow) {
  return {{"protocol", protocol_name(flow.protocol)},
          {"a", end_json(flow.ends[0])},
          {"b", end_json(flow.ends[1])},
          {"packets", flow.packets},
          {"missed_bytes", flow.missed}};
}

}  // namespace

Json talkers_json(const TalkersSample& talkers) {
  Json networks = Json::array();
  for (const TalkerNetwork& network : talkers.networks) networks.push_back(network_json(network));
  Json flows = Json::array();
  for (const TalkerFlow& flow : talkers.heaviest) flows.push_back(flow_json(flow));
  return {
      {"seconds", talkers.span == Duration::zero() ? Json(nullptr) : Json(seconds(talkers.span))},
      {"packets", talkers.packets},
      {"bytes", talkers.bytes},
      {"distinct",
       {{"sources", talkers.sources},
        {"destinations", talkers.destinations},
        {"flows", talkers.flows}}},
      {"networks", std::move(networks)},
      {"flows", std::move(flows)}};
}

}  // namespace itnxt
