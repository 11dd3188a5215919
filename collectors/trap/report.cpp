#include "collectors/trap/report.hpp"

#include <algorithm>
#include <utility>

#include "collectors/trap/hex.hpp"
#include "collectors/trap/names.hpp"
#include "daemon/core/text.hpp"

namespace itnxt::trap {
namespace {

constexpr std::size_t kMostVarbinds = 8;  // told of one notification
// snmpTrapCommunity.0 and snmpTrapAddress.0 (RFC 3584 §3.1): the first is a secret.
constexpr std::array<std::uint8_t, 7> kTrapObjects = {0x2B, 6, 1, 6, 3, 18, 1};

std::string value_text(const snmp::Varbind& varbind) {
  switch (varbind.type) {
    case snmp::Type::octets: {
      const std::string_view text = varbind.text();
      const bool binary = std::ranges::any_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r';
      });
      if (!binary) return std::string(text);
      return "0x" + to_hex(varbind.value.first(std::min<std::size_t>(text.size(), 64)));
    }
    case snmp::Type::oid:
      return snmp::dotted(varbind.value);
    case snmp::Type::ip_address: {
      std::string text;
      for (const std::uint8_t byte :
           varbind.value.first(std::min<std::size_t>(varbind.value.size(), 4))) {
        text += (text.empty() ? "" : ".") + std::to_string(byte);
      }
      return text;
    }
    case snmp::Type::integer: {
      const auto number = snmp::signed_number(varbind.value);
      return number ? std::to_string(*number) : "";
    }
    case snmp::Type::counter32:
    case snmp::Type::gauge32:
    case snmp::Type::time_ticks:
    case snmp::Type::counter64: {
      const auto number = varbind.number();
      return number ? std::to_string(*number) : "";
    }
    case snmp::Type::null:
    case snmp::Type::opaque:
    case snmp::Type::no_such_object:
    case snmp::Type::no_such_instance:
    case snmp::Type::end_of_mib_view:
    case snmp::Type::other:
      return std::string(name(varbind.type));
  }
  return "";
}

void add_varbinds(const Notification& note, Event& event) {
  snmp::Varbinds varbinds = note.begin();
  std::size_t count = 0;
  while (const auto varbind = varbinds.next()) {
    if (snmp::is_below(varbind->oid, kTrapObjects)) continue;
    if (count == kMostVarbinds || event.details.size() == kMostEventDetails) return;
    event.details.emplace_back("varbind_" + std::to_string(++count),
                               sanitize(snmp::dotted(varbind->oid) + " = " + value_text(*varbind)));
  }
}

// "Te0/0/1 (5)"; either may be missing.
std::string interface_text(std::uint32_t if_index, const std::string& if_name) {
  if (if_index == 0) return if_name;
  const std::string number = std::to_string(if_index);
  return if_name.empty() ? number : if_name + " (" + number + ")";
}

SeriesFamily counter(std::string name, std::string help, std::uint64_t value) {
  return {std::move(name), SeriesType::counter, std::move(help), {}, {{{}, value}}};
}

SeriesFamily received(const Totals& totals) {
  SeriesFamily family{"itnxt_trap_received_total",
                      SeriesType::counter,
                      "Notifications of known devices, repeated ones left out.",
                      {"version", "type"},
                      {}};
  for (std::size_t version = 0; version < totals.received.size(); ++version) {
    const std::string name(kVersionNames[version]);
    family.rows.push_back({{name, "trap"}, totals.received[version][0]});
    family.rows.push_back({{name, "inform"}, totals.received[version][1]});
  }
  return family;
}

SeriesFamily ignored(const Totals& totals) {
  SeriesFamily family{"itnxt_trap_ignored_total",
                      SeriesType::counter,
                      "Datagrams at the trap collector's port that counted for nothing.",
                      {"reason"},
                      {}};
  for (std::size_t i = 0; i < kReasons; ++i) {
    family.rows.push_back({{std::string(kReasonNames[i])}, totals.ignored[i]});
  }
  return family;
}

}  // namespace

Event event_of(const Notification& note, const DeviceName& device,
               const std::vector<std::string>& candidates, const Address& from) {
  Event event;
  event.kind = "trap";
  event.device = device;
  std::string whose = device.text();
  for (const std::string& one : candidates) whose += (whose.empty() ? "" : " or ") + one;
  const std::string trap = trap_name(note.oid.view());
  const std::string if_name = sanitize(note.if_name, 64);
  event.text = trap + (whose.empty() ? " from " + to_text(from) : " of " + whose);
  if (note.if_index != 0 || !if_name.empty()) {
    event.text += ": interface " + interface_text(note.if_index, if_name);
  }
  event.details = {{"trap", trap},
                   {"oid", snmp::dotted(note.oid.view())},
                   {"version", std::string(kVersionNames[static_cast<std::size_t>(note.version)])},
                   {"type", note.inform ? "inform" : "trap"},
                   {"from", to_text(from)}};
  if (note.if_index != 0) event.details.emplace_back("if_index", std::to_string(note.if_index));
  if (!if_name.empty()) event.details.emplace_back("if_name", if_name);
  if (note.uptime) event.details.emplace_back("uptime_seconds", std::to_string(*note.uptime / 100));
  add_varbinds(note, event);
  return event;
}

void name_interface(Event& event, std::uint32_t if_index, const std::string& if_name) {
  const std::string number = interface_text(if_index, "");
  if (if_name.empty() || !event.text.ends_with(": interface " + number)) return;
  event.text.resize(event.text.size() - number.size());
  event.text += interface_text(if_index, if_name);
  const auto at =
      std::ranges::find(event.details, "if_index", &std::pair<std::string, std::string>::first);
  if (at != event.details.end() && event.details.size() < kMostEventDetails) {
    event.details.emplace(at + 1, "if_name", if_name);
  }
}

Event missing_event(const DeviceName& device, std::uint32_t if_index, const std::string& if_name) {
  Event event;
  event.kind = "trap_missing";
  event.device = device;
  event.text = device.text() + " lost the link of interface " + interface_text(if_index, if_name) +
               ", but no trap told it: it was lost on the way, or the device does not send it";
  event.details = {{"if_index", std::to_string(if_index)}};
  if (!if_name.empty()) event.details.emplace_back("if_name", if_name);
  return event;
}

Event storm_event(const std::string& sender, const DeviceName& device, std::uint64_t withheld) {
  Event event;
  event.kind = "trap_storm";
  event.device = device;
  event.text = std::to_string(withheld) + " traps of " + (sender.empty() ? "others" : sender) +
               " were too many to be told one by one";
  event.details = {{"withheld", std::to_string(withheld)}};
  return event;
}

SeriesSample figures_of(const Totals& totals) {
  SeriesSample sample;
  sample.families = {
      {"itnxt_trap_listening",
       SeriesType::gauge,
       "1 if the collector's port is open.",
       {},
       {{{}, totals.listening ? 1.0 : 0.0}}},
      received(totals),
      ignored(totals),
      counter("itnxt_trap_duplicates_total",
              "Notifications that came again and were acknowledged again, but told once.",
              totals.duplicates),
      counter("itnxt_trap_withheld_total",
              "Notifications beyond storm_limit: summed up instead of told, informs left to be "
              "repeated.",
              totals.withheld),
      counter("itnxt_trap_kernel_drops_total",
              "Datagrams that the kernel dropped because its buffer was full.",
              totals.kernel_drops),
      counter("itnxt_trap_polls_total", "Polls that notifications were the reason for.",
              totals.polls),
      counter("itnxt_trap_not_polled_total",
              "Notifications worth a poll of devices that no collector of this process polls.",
              totals.not_polled),
      counter("itnxt_trap_contradicted_total",
              "Link traps of which the device, polled at once, said otherwise; it is polled again "
              "5 s later.",
              totals.contradicted),
      counter("itnxt_trap_unanswered_informs_total",
              "Informs whose answer the kernel did not take; their senders repeat them.",
              totals.unanswered),
  };
  return sample;
}

SeriesSample missing_of(const DeviceName& device, std::uint64_t missing) {
  SeriesSample sample;
  sample.device = device;
  sample.source = "trap";
  sample.families = {counter("itnxt_trap_missing_total",
                             "Lost links that a poll found and no trap told, of devices that have "
                             "sent traps.",
                             missing)};
  return sample;
}

}  // namespace itnxt::trap
