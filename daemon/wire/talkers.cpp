#include "daemon/wire/talkers.hpp"

#include <limits>
#include <string>

namespace itnxt::wire {
namespace {

void put_end(const TalkerEnd& from, v1::Talkers::End& to) {
  to.set_host(from.host);
  to.set_site(from.site.text());
  to.set_port(from.port);
  to.set_sent(from.sent);
}

SiteName site_of(const std::string& from) {
  std::string text;
  sanitize_into(text, from, kName);
  return SiteName(std::move(text));
}

void take_host(const std::string& from, const char* field, Fields& fields, std::string& to) {
  sanitize_into(to, from, kMostTalkerName);
  if (to.empty()) fields.wrong(field, "is empty");
}

// A number of few bits on the wire; what does not fit is wrong.
template <class T>
T narrow(std::uint32_t from, const char* field, Fields& fields) {
  if (from <= std::numeric_limits<T>::max()) return static_cast<T>(from);
  fields.wrong(field, std::to_string(from) + " is out of range, expected 0 to " +
                          std::to_string(std::numeric_limits<T>::max()));
  return 0;
}

void take_end(const v1::Talkers::End& from, Fields& fields, TalkerEnd& to) {
  take_host(from.host(), "heaviest.host", fields, to.host);
  to.site = site_of(from.site());
  to.port = narrow<std::uint16_t>(from.port(), "heaviest.port", fields);
  to.sent = from.sent();
}

bool few_enough(int count, const char* field, Fields& fields) {
  if (static_cast<std::size_t>(count) <= kMostTalkers) return true;
  fields.wrong(field, std::to_string(count) + ", at most " + std::to_string(kMostTalkers));
  return false;
}

void take_networks(const v1::Talkers& from, Fields& fields, TalkersSample& to) {
  to.networks.resize(static_cast<std::size_t>(from.networks_size()));
  for (std::size_t i = 0; i < to.networks.size(); ++i) {
    const v1::Talkers::Network& row = from.networks(static_cast<int>(i));
    TalkerNetwork& network = to.networks[i];
    take_host(row.network(), "networks.network", fields, network.network);
    network.site = site_of(row.site());
    network.sent = row.sent();
    network.received = row.received();
    network.packets = row.packets();
    network.missed = row.missed();
  }
}

void take_heaviest(const v1::Talkers& from, Fields& fields, TalkersSample& to) {
  to.heaviest.resize(static_cast<std::size_t>(from.heaviest_size()));
  for (std::size_t i = 0; i < to.heaviest.size(); ++i) {
    const v1::Talkers::Flow& row = from.heaviest(static_cast<int>(i));
    TalkerFlow& flow = to.heaviest[i];
    take_end(row.a(), fields, flow.ends[0]);
    take_end(row.b(), fields, flow.ends[1]);
    flow.protocol = narrow<std::uint8_t>(row.protocol(), "heaviest.protocol", fields);
    flow.packets = row.packets();
    flow.missed = row.missed();
  }
}

}  // namespace

void put_talkers(const TalkersSample& from, v1::Talkers& to) {
  to.set_capture(from.capture.text());
  to.set_at_ns(from.at.time_since_epoch().count());
  to.set_interval_ns(from.interval.count());
  to.set_span_ns(from.span.count());
  to.set_packets(from.packets);
  to.set_bytes(from.bytes);
  to.set_sources(from.sources);
  to.set_destinations(from.destinations);
  to.set_flows(from.flows);
  for (const TalkerNetwork& network : from.networks) {
    v1::Talkers::Network& row = *to.add_networks();
    row.set_network(network.network);
    row.set_site(network.site.text());
    row.set_sent(network.sent);
    row.set_received(network.received);
    row.set_packets(network.packets);
    row.set_missed(network.missed);
  }
  for (const TalkerFlow& flow : from.heaviest) {
    v1::Talkers::Flow& row = *to.add_heaviest();
    put_end(flow.ends[0], *row.mutable_a());
    put_end(flow.ends[1], *row.mutable_b());
    row.set_protocol(flow.protocol);
    row.set_packets(flow.packets);
    row.set_missed(flow.missed);
  }
}

void take_talkers(const v1::Talkers& from, std::size_t number, Problem& problem,
                  TalkersSample& to) {
  Fields fields(problem, "talkers", number);
  take_name(from.capture(), fields.name("capture"), problem, to.capture);
  to.at = fields.source_time(from.at_ns(), "at_ns");
  to.interval = fields.duration(from.interval_ns(), "interval_ns");
  to.span = fields.duration(from.span_ns(), "span_ns");
  to.packets = from.packets();
  to.bytes = from.bytes();
  to.sources = from.sources();
  to.destinations = from.destinations();
  to.flows = from.flows();
  if (few_enough(from.networks_size(), "networks", fields)) take_networks(from, fields, to);
  if (few_enough(from.heaviest_size(), "heaviest", fields)) take_heaviest(from, fields, to);
}

}  // namespace itnxt::wire
