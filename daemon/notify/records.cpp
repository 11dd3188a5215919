#include "daemon/notify/records.hpp"

#include <nlohmann/json.hpp>

namespace itnxt {
namespace {

using Json = nlohmann::json;

// Nanoseconds: a time read back must be the same, identities are made of it.
std::int64_t number(WallTime t) {
  return t.time_since_epoch().count();
}
WallTime time(const Json& json) {
  return WallTime(Duration(json.get<std::int64_t>()));
}

template <class Enum>
Enum closed(const Json& json, std::size_t count) {
  const auto value = json.get<std::uint64_t>();
  if (value >= count) throw Json::out_of_range::create(401, "no such value", &json);
  return static_cast<Enum>(value);
}

template <class Names>
Json names(const Names& sites) {
  Json list = Json::array();
  for (const SiteName& site : sites) list.push_back(site.text());
  return list;
}

Json to_json(const Alert& alert) {
  Json json = {{"alert", alert.alert},
               {"subject", alert.subject},
               {"severity", static_cast<unsigned>(alert.severity)},
               {"sites", names(alert.sites)},
               {"labels", alert.labels},
               {"annotations", alert.annotations},
               {"since", number(alert.since)}};
  if (alert.seen) json["seen"] = number(*alert.seen);
  return json;
}

Alert to_alert(const Json& json) {
  Alert alert;
  alert.alert = json.at("alert").get<std::string>();
  alert.subject = json.at("subject").get<std::string>();
  alert.severity = closed<AlertSeverity>(json.at("severity"), kAlertSeverityNames.size());
  for (const Json& site : json.at("sites")) alert.sites.emplace_back(site.get<std::string>());
  alert.labels = json.at("labels").get<Labels>();
  alert.annotations = json.at("annotations").get<Labels>();
  alert.since = time(json.at("since"));
  if (json.contains("seen")) alert.seen = time(json.at("seen"));
  return alert;
}

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The library's exceptions stop here.
template <class Value, class Read>
std::optional<Value> guarded(const std::string& text, Read read) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string encode(const ActiveAlert& active) {
  return text({{"alert", to_json(active.alert)},
               {"kind", static_cast<unsigned>(active.kind)},
               {"group", active.group},
               {"member", active.member},
               {"firing", active.phase == AlertPhase::firing},
               {"configured", active.configured},
               {"flapping", active.flapping}});
}

std::string encode(const EndedAlert& ended) {
  return text({{"alert", ended.alert},
               {"kind", static_cast<unsigned>(ended.kind)},
               {"group", ended.group},
               {"member", ended.member},
               {"at", number(ended.at)}});
}

std::string encode(const Incident& incident) {
  Json json = {
      {"id", incident.id}, {"alert", to_json(incident.alert)}, {"suppressed", incident.suppressed}};
  if (incident.held_until) json["held_until"] = number(*incident.held_until);
  return text(json);
}

std::string encode(const Delivery& delivery) {
  Json json = {{"incident", delivery.incident},
               {"channel", delivery.channel.text()},
               {"page", to_json(delivery.page)},
               {"page_delivered", delivery.page_delivered}};
  if (delivery.close) json["close"] = to_json(*delivery.close);
  if (delivery.ended) json["ended"] = number(*delivery.ended);
  if (delivery.shown_until) json["shown_until"] = number(*delivery.shown_until);
  return text(json);
}

std::string encode(const CrisisMemory& crisis) {
  Json isolated = Json::object();
  for (const auto& [site, since] : crisis.isolated) isolated[site.text()] = number(since);
  Json json = {{"state", static_cast<unsigned>(crisis.state)},
               {"isolated", isolated},
               {"told", names(crisis.told)},
               {"outside", names(crisis.outside)}};
  if (crisis.declared) json["declared"] = number(*crisis.declared);
  if (crisis.recovering_since) json["recovering_since"] = number(*crisis.recovering_since);
  return text(json);
}

std::optional<ActiveAlert> decode_active(const std::string& text) {
  return guarded<ActiveAlert>(text, [](const Json& json) {
    ActiveAlert active;
    active.alert = to_alert(json.at("alert"));
    active.kind = closed<SubjectKind>(json.at("kind"), kSubjectKinds);
    active.group = json.at("group").get<std::string>();
    active.member = json.at("member").get<std::string>();
    active.phase = json.at("firing").get<bool>() ? AlertPhase::firing : AlertPhase::pending;
    active.configured = json.at("configured").get<bool>();
    active.flapping = json.value("flapping", false);  // absent before it was kept
    return active;
  });
}

std::optional<EndedAlert> decode_ended(const std::string& text) {
  return guarded<EndedAlert>(text, [](const Json& json) {
    return EndedAlert{json.at("alert").get<std::string>(),
                      closed<SubjectKind>(json.at("kind"), kSubjectKinds),
                      json.at("group").get<std::string>(), json.at("member").get<std::string>(),
                      time(json.at("at"))};
  });
}

std::optional<Incident> decode_incident(const std::string& text) {
  return guarded<Incident>(text, [](const Json& json) {
    Incident incident;
    incident.id = json.at("id").get<std::string>();
    incident.alert = to_alert(json.at("alert"));
    incident.suppressed = json.at("suppressed").get<bool>();
    if (json.contains("held_until")) incident.held_until = time(json.at("held_until"));
    return incident;
  });
}

std::optional<Delivery> decode_delivery(const std::string& text) {
  return guarded<Delivery>(text, [](const Json& json) {
    Delivery delivery;
    delivery.incident = json.at("incident").get<std::string>();
    delivery.channel = ChannelName(json.at("channel").get<std::string>());
    delivery.page = to_alert(json.at("page"));
    delivery.page_delivered = json.at("page_delivered").get<bool>();
    if (json.contains("close")) delivery.close = to_alert(json.at("close"));
    if (json.contains("ended")) delivery.ended = time(json.at("ended"));
    if (json.contains("shown_until")) delivery.shown_until = time(json.at("shown_until"));
    return delivery;
  });
}

std::optional<CrisisMemory> decode_crisis(const std::string& text) {
  return guarded<CrisisMemory>(text, [](const Json& json) {
    CrisisMemory crisis;
    crisis.state = closed<CrisisState>(json.at("state"), kCrisisStateNames.size());
    for (const auto& [site, since] : json.at("isolated").items()) {
      crisis.isolated[SiteName(site)] = time(since);
    }
    for (const Json& site : json.at("told")) crisis.told.emplace_back(site.get<std::string>());
    for (const Json& site : json.at("outside")) {
      crisis.outside.insert(SiteName(site.get<std::string>()));
    }
    if (json.contains("declared")) crisis.declared = time(json.at("declared"));
    if (json.contains("recovering_since")) {
      crisis.recovering_since = time(json.at("recovering_since"));
    }
    const bool on = crisis.state == CrisisState::crisis || crisis.state == CrisisState::recovery;
    if (on && !crisis.declared) throw Json::out_of_range::create(403, "no declared", &json);
    return crisis;
  });
}

}  // namespace itnxt
