#include "daemon/io/api.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "daemon/io/api_talkers.hpp"

namespace itnxt {
namespace {

std::string dump(const Json& json) {
  // Everything is valid UTF-8 already; a text that is not must not end the connection.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Unit>
Json number(const std::optional<Unit>& unit) {
  return unit ? Json(unit->count()) : Json(nullptr);
}
template <class Unit>
Json number(const Rate<Unit>& rate) {
  return number(known(rate));
}
Json yes_or_no(const std::optional<bool>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json time(const std::optional<WallTime>& when) {
  return when ? Json(to_rfc3339(*when)) : Json(nullptr);
}
Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// One element of `list` (kept alive by `owner`) after the other.
template <class Owner, class List, class Make>
BodyReader each_of(Owner owner, const List& list, Make make) {
  return list_body([owner, &list, make, i = std::size_t{0}](std::string& out) mutable {
    if (i == list.size()) return false;
    out += dump(make(list[i++]));
    return true;
  });
}

Json link_end(const LinkEndView& end) {
  return {{"device", end.device.text()},
          {"interface", end.interface},
          {"site", end.site.text()},
          {"up", yes_or_no(end.up)}};
}

Json link_json(const LinkView& link) {
  const auto flow = [](const std::optional<BytesPerSecond>& rate,
                       const std::optional<Ratio>& ratio) {
    return Json{{"bytes_per_second", number(rate)}, {"utilization_ratio", number(ratio)}};
  };
  return {{"name", link.name.text()},
          {"class", kLinkClassNames[static_cast<std::size_t>(link.link_class)]},
          {"site_a", link.a.site.text()},
          {"site_b", link.b ? text_or_null(link.b->site.text()) : Json(nullptr)},
          {"up", yes_or_no(link.up)},
          {"capacity_bytes", number(link.capacity)},
          {"a", link_end(link.a)},
          {"b", link.b ? link_end(*link.b) : Json(nullptr)},
          {"a_to_b", flow(link.a_to_b, link.utilization_a_to_b)},
          {"b_to_a", flow(link.b_to_a, link.utilization_b_to_a)}};
}

struct SiteLinks {
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  std::uint64_t unknown = 0;
};

std::map<SiteName, SiteLinks> links_by_site(const Snapshot& snapshot) {
  std::map<SiteName, SiteLinks> sites;
  const auto note = [&](const SiteName& site, const std::optional<bool>& up) {
    SiteLinks& links = sites[site];
    ++(!up ? links.unknown : *up ? links.up : links.down);
  };
  for (const LinkView& link : snapshot.links) {
    note(link.a.site, link.up);
    if (link.b && link.b->site != link.a.site) note(link.b->site, link.up);
  }
  return sites;
}

// Isolated: it has links, and every one is known to be down.
Json site_json(const Site& site, const SiteLinks& links) {
  const auto degrees = [](const std::optional<double>& angle) {
    return angle ? Json(*angle) : Json(nullptr);
  };
  return {{"name", site.name.text()},
          {"kind", kSiteKindNames[static_cast<std::size_t>(site.kind)]},
          {"district", site.district},
          {"department", site.department},
          {"latitude", degrees(site.latitude)},
          {"longitude", degrees(site.longitude)},
          {"weight", site.weight},
          {"anchor", site.anchor},
          {"links", {{"up", links.up}, {"down", links.down}, {"unknown", links.unknown}}},
          {"isolated", links.down > 0 && links.up == 0 && links.unknown == 0}};
}

BodyReader sites_body(const std::shared_ptr<const Snapshot>& snapshot) {
  return each_of(snapshot, snapshot->sites, [links = links_by_site(*snapshot)](const Site& site) {
    const auto found = links.find(site.name);
    return site_json(site, found == links.end() ? SiteLinks{} : found->second);
  });
}

// Up is null for a device of which nothing was heard within the stale time.
Json device_json(const DeviceView& device) {
  Json polls = Json::object();
  for (std::size_t i = 0; i < kPollResults; ++i)
    polls[std::string(kPollResultNames[i])] = device.polls[i];
  const auto up = std::count_if(device.interfaces.begin(), device.interfaces.end(),
                                [](const InterfaceView& i) { return i.up == true; });
  return {{"name", device.name.text()},
          {"site", device.site.text()},
          {"node", text_or_null(device.node.text())},
          {"collector", text_or_null(device.collector.text())},
          {"up", device.polled ? Json(device.up) : Json(nullptr)},
          {"fresh", device.fresh},
          {"uptime_seconds", device.uptime ? Json(seconds(*device.uptime)) : Json(nullptr)},
          {"sys_name", device.sys_name},
          {"sys_descr", device.sys_descr},
          {"sys_object_id", device.sys_object_id},
          {"problem", device.problem},
          {"poll_seconds", seconds(device.poll_took)},
          {"last_success", time(device.last_success)},
          {"polls", std::move(polls)},
          {"interfaces", device.interfaces.size()},
          {"interfaces_up", up}};
}

Json interface_json(const DeviceView& device, const InterfaceView& one) {
  const Gap* gap = std::get_if<Gap>(&one.receive);
  return {{"device", device.name.text()},
          {"interface", one.identity->name.text()},
          {"if_index", one.if_index},
          {"alias", one.alias},
          {"descr", one.descr},
          {"phys_address", text_or_null(one.phys_address.text())},
          {"link", text_or_null(one.link.text())},
          {"up", yes_or_no(one.up)},
          {"admin_up", yes_or_no(one.admin_up)},
          {"speed_bytes", number(one.speed)},
          {"receive_bytes_per_second", number(one.receive)},
          {"transmit_bytes_per_second", number(one.transmit)},
          {"errors_per_second", number(one.errors)},
          {"discards_per_second", number(one.discards)},
          {"gap", gap != nullptr ? Json(name(*gap)) : Json(nullptr)}};
}

BodyReader interfaces_body(const std::shared_ptr<const Snapshot>& snapshot,
                           std::optional<std::string> only) {
  return list_body([snapshot, only = std::move(only), d = std::size_t{0},
                    i = std::size_t{0}](std::string& out) mutable {
    for (; d < snapshot->devices.size(); ++d, i = 0) {
      const DeviceView& device = *snapshot->devices[d];
      if ((only && device.name.text() != *only) || i >= device.interfaces.size()) continue;
      out += dump(interface_json(device, device.interfaces[i++]));
      return true;
    }
    return false;
  });
}

Json capture_json(const CaptureView& capture) {
  const CaptureSample& sample = capture.sample;
  Json protocols = Json::object();
  TrafficCount total;
  for (std::size_t p = 0; p < kProtocols; ++p) {
    TrafficCount sum;
    for (const auto& direction : sample.traffic) {
      sum.packets += direction[p].packets;
      sum.bytes += direction[p].bytes;
    }
    protocols[std::string(kProtocolNames[p])] = {{"packets", sum.packets.count()},
                                                 {"bytes", sum.bytes.count()}};
    total.packets += sum.packets;
    total.bytes += sum.bytes;
  }
  Packets dropped;
  for (const Packets p : sample.dropped) dropped += p;
  Packets malformed;
  for (const Packets p : sample.malformed) malformed += p;
  return {{"capture", sample.capture.text()},
          {"node", capture.node.text()},
          {"link", text_or_null(sample.link.text())},
          {"source", sample.source},
          {"open", sample.open},
          {"packets", total.packets.count()},
          {"bytes", total.bytes.count()},
          {"dropped_packets", dropped.count()},
          {"malformed_packets", malformed.count()},
          {"coverage_ratio", capture.coverage ? Json(*capture.coverage) : Json()},
          {"protocols", std::move(protocols)}};
}

// Captures that have told of none are left out.
BodyReader talkers_body(const std::shared_ptr<const Snapshot>& snapshot) {
  return list_body([snapshot, i = std::size_t{0}](std::string& out) mutable {
    while (i < snapshot->captures.size() && !snapshot->captures[i].talkers) ++i;
    if (i == snapshot->captures.size()) return false;
    const CaptureView& capture = snapshot->captures[i++];
    Json json = {{"capture", capture.talkers->capture.text()},
                 {"node", capture.node.text()},
                 {"link", text_or_null(capture.sample.link.text())}};
    json.update(talkers_json(*capture.talkers));
    out += dump(json);
    return true;
  });
}

Json collector_json(const CollectorView& collector, Instant now) {
  return {{"node", collector.node.text()},
          {"collector", collector.collector.text()},
          {"last_batch", to_rfc3339(collector.last_batch)},
          {"silent_seconds", seconds(std::max(Duration::zero(), now - collector.last_batch_at))},
          {"interval_seconds", seconds(collector.interval)},
          {"lost_batches", collector.lost_batches},
          {"lost_events", collector.lost_events},
          {"backlog_batches", collector.backlog_batches},
          {"spool_bytes", collector.spool.count()},
          {"clock_skew_seconds",
           collector.clock_skew ? Json(seconds(*collector.clock_skew)) : Json(nullptr)}};
}

Json alert_json(const BoardAlert& alert) {
  return {{"alert", alert.alert},
          {"severity", name(alert.severity)},
          {"subject", alert.subject},
          {"state", name(alert.state)},
          {"since", to_rfc3339(alert.since)},
          {"labels", alert.labels},
          {"annotations", alert.annotations}};
}

std::string_view crisis_name(const Board& board) {
  return kCrisisStateNames[static_cast<std::size_t>(board.crisis)];
}

Json crisis_json(const Board& board) {
  Json sites = Json::array();
  for (const SiteName& site : board.crisis_sites) sites.push_back(site.text());
  return {{"state", crisis_name(board)}, {"sites", std::move(sites)}};
}

Json status_json(const Published& published, const ServerInfo& server) {
  const Snapshot& snapshot = *published.snapshot;
  const Board& board = *published.board;
  const auto devices_up = std::count_if(snapshot.devices.begin(), snapshot.devices.end(),
                                        [](const auto& d) { return d->polled && d->up; });
  std::array<std::uint64_t, 3> links{};  // up, down, unknown
  for (const LinkView& link : snapshot.links) ++links[!link.up ? 2 : *link.up ? 0 : 1];
  std::array<std::uint64_t, 3> alerts{};
  for (const BoardAlert& alert : board.alerts) ++alerts[static_cast<std::size_t>(alert.state)];
  Json alert_counts = Json::object();
  for (std::size_t i = 0; i < alerts.size(); ++i)
    alert_counts[std::string(kAlertStateNames[i])] = alerts[i];
  Json channels = Json::array();
  for (const BoardChannel& channel : board.channels) {
    channels.push_back({{"name", channel.name.text()},
                        {"delivered", channel.delivered},
                        {"failed", channel.failed},
                        {"refused", channel.refused},
                        {"waiting", channel.waiting}});
  }
  return {{"version", server.build.version},
          {"revision", server.build.revision},
          {"node", server.node.text()},
          {"started", to_rfc3339(server.started)},
          {"now", to_rfc3339(snapshot.wall)},
          {"ready", published.ready},
          {"series", snapshot.series},
          {"series_rejected", snapshot.series_rejected},
          {"storage_problem",
           board.storage_problem.empty() ? board.journal_problem : board.storage_problem},
          {"crisis", crisis_name(board)},
          {"devices", {{"total", snapshot.devices.size()}, {"up", devices_up}}},
          {"links",
           {{"total", snapshot.links.size()},
            {"up", links[0]},
            {"down", links[1]},
            {"unknown", links[2]}}},
          {"alerts", std::move(alert_counts)},
          {"channels", std::move(channels)}};
}

BodyReader object_body(const Json& data) {
  return text_body(dump(Json{{"status", "success"}, {"data", data}}) + "\n");
}

}  // namespace

std::string_view api_endpoints() {
  return "sites, links, devices, interfaces, captures, talkers, collectors, events, alerts, "
         "crisis, status";
}

std::string api_error(std::string_view message) {
  return dump(Json{{"status", "error"}, {"error", message}}) + "\n";
}

std::optional<BodyReader> api_body(std::string_view endpoint, const Published& published,
                                   const ServerInfo& server, std::optional<std::string> device) {
  const auto& snapshot = published.snapshot;
  const auto& board = published.board;
  if (endpoint == "sites") return sites_body(snapshot);
  if (endpoint == "links") return each_of(snapshot, snapshot->links, link_json);
  if (endpoint == "devices") {
    return each_of(snapshot, snapshot->devices, [](const auto& d) { return device_json(*d); });
  }
  if (endpoint == "interfaces") return interfaces_body(snapshot, std::move(device));
  if (endpoint == "captures") return each_of(snapshot, snapshot->captures, capture_json);
  if (endpoint == "talkers") return talkers_body(snapshot);
  if (endpoint == "collectors") {
    return each_of(snapshot, snapshot->collectors,
                   [now = snapshot->at](const CollectorView& c) { return collector_json(c, now); });
  }
  if (endpoint == "alerts") return each_of(board, board->alerts, alert_json);
  if (endpoint == "crisis") return object_body(crisis_json(*board));
  if (endpoint == "status") return object_body(status_json(published, server));
  return std::nullopt;
}

}  // namespace itnxt
