// A probe as data.
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/probe.hpp"

namespace itnxt::ctl {
namespace {

using namespace snmp::survey;

constexpr std::array<std::string_view, 6> kEndNames = {"not_asked", "everything", "fewer",
                                                       "silent",    "too_big",    "other_error"};

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json attempts_json(const Facts& facts) {
  Json all = Json::array();
  for (std::size_t i = 0; i < facts.attempts.size(); ++i) {
    const Attempt& one = facts.attempts[i];
    all.push_back({{"credentials", one.credentials},
                   {"version", kSnmpVersionNames[static_cast<std::size_t>(one.version)]},
                   {"level", one.level},
                   {"accepted", one.accepted},
                   {"works", one.works},
                   {"used", facts.used == i},
                   {"problem", one.problem}});
  }
  return all;
}

Json engine_json(const Facts& facts) {
  if (!facts.engine) return {};
  return {{"id", snmp::usm::to_text(facts.engine->id)},
          {"boots", facts.engine->boots},
          {"time_seconds", facts.engine->time}};
}

Json interface_json(const InterfaceSample& row) {
  const auto octets = row.counters.get(itnxt::Column::in_octets);
  Json made = {{"if_index", row.if_index}, {"name", port_name(row)},
               {"if_name", row.if_name},   {"if_descr", row.if_descr},
               {"alias", row.if_alias},    {"up", row.oper == OperStatus::up},
               {"speed_bytes", Json()},    {"counter_bits", Json()}};
  if (row.speed) made["speed_bytes"] = row.speed->count();
  if (octets) made["counter_bits"] = octets->width == CounterWidth::bits64 ? 64 : 32;
  return made;
}

Json answers_json(const Facts& facts) {
  const RoundTrips& trips = facts.round_trips;
  Json made = {{"datagrams_sent", trips.sent},
               {"walk_requests", facts.walk_requests},
               {"walk_unanswered", facts.walk_unanswered},
               {"late", facts.late},
               {"malformed", facts.malformed},
               {"strangers", facts.strangers},
               {"largest_reply",
                {{"bytes", facts.largest.bytes},
                 {"varbinds", facts.largest.varbinds},
                 {"asked", facts.largest.asked},
                 {"end", kEndNames[static_cast<std::size_t>(facts.largest.end)]}}},
               {"round_trip_seconds", Json()}};
  if (trips.measured > 0) {
    made["round_trip_seconds"] = {{"least", seconds(trips.least)},
                                  {"median", seconds(trips.median)},
                                  {"most", seconds(trips.most)},
                                  {"measured", trips.measured}};
  }
  return made;
}

}  // namespace

Json probe_json(const Probed& probed) {
  const Facts& facts = probed.facts;
  const DeviceSample& sample = facts.sample;
  Json interfaces = Json::array();
  for (const InterfaceSample& row : sample.interfaces) interfaces.push_back(interface_json(row));
  Json odd = Json::array();
  for (const Oddity& one : probed.oddities) {
    odd.push_back(
        {{"kind", name(one.kind)}, {"what", one.what}, {"why", one.why}, {"do", one.todo}});
  }
  Json uptime;
  if (sample.uptime) uptime = static_cast<double>(sample.uptime->hundredths) / 100;
  return {{"address", facts.address},
          {"inventory", facts.inventory},
          {"attempts", attempts_json(facts)},
          {"engine", engine_json(facts)},
          {"guesses",
           {{"public_1", or_null(facts.public_v1)},
            {"public_2c", or_null(facts.public_v2c)},
            {"no_authentication", or_null(facts.no_auth)}}},
          {"system",
           {{"name", sample.sys_name},
            {"description", sample.sys_descr},
            {"object_id", sample.sys_object_id},
            {"location", facts.sys_location},
            {"contact", facts.sys_contact},
            {"uptime_seconds", uptime}}},
          {"answers", answers_json(facts)},
          {"tables", facts.tables},
          {"if_number", or_null(facts.if_number)},
          {"complete", sample.complete && !facts.out_of_time},
          {"interfaces", interfaces},
          {"oddities", odd},
          {"entry", probed.entry}};
}

}  // namespace itnxt::ctl
