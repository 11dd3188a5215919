// A probe's report for people, and what is said when nobody answers.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/probe.hpp"

namespace itnxt::ctl {
namespace {

using namespace snmp::survey;

std::string version_of(const Attempt& attempt) {
  return std::string(kSnmpVersionNames[static_cast<std::size_t>(attempt.version)]);
}

std::string line(std::string_view what, const std::string& text) {
  return text.empty() ? std::string() : fmt::format("{:<11} {}\n", what, text);
}

std::string milliseconds(Duration d) {
  return fmt::format("{:.1f} ms", seconds(d) * 1e3);
}

std::string engine_text(const Facts& facts) {
  if (!facts.engine) return "none: SNMPv3 is not answered";
  return fmt::format("{}, boots {}, up {}", snmp::usm::to_text(facts.engine->id),
                     facts.engine->boots, age(std::chrono::seconds(facts.engine->time)));
}

std::string uptime_text(const Facts& facts) {
  if (!facts.sample.uptime) return {};
  return age(elapsed(TimeTicks{}, *facts.sample.uptime));
}

std::string size_text(const Largest& largest) {
  const std::string most = fmt::format("{} bytes, {} varbinds", largest.bytes, largest.varbinds);
  switch (largest.end) {
    case Largest::End::not_asked:
      return {};
    case Largest::End::everything:
      return most + "; more was not asked for";
    case Largest::End::fewer:
      return most + "; it gives no more at once";
    case Largest::End::silent:
      return fmt::format("{}; silent when asked for {} varbinds", most, largest.asked);
    case Largest::End::too_big:
      return fmt::format("{}; tooBig when asked for {} varbinds", most, largest.asked);
    case Largest::End::other_error:
      return fmt::format("{}; {} when asked for {} varbinds", most, largest.error, largest.asked);
  }
  return {};
}

std::string trips_text(const Facts& facts) {
  const RoundTrips& trips = facts.round_trips;
  if (trips.measured == 0) return {};
  return fmt::format("{} least, {} median, {} most, of {}; the interfaces took {} requests",
                     milliseconds(trips.least), milliseconds(trips.median),
                     milliseconds(trips.most), trips.measured, facts.walk_requests);
}

std::string tables_text(const Facts& facts) {
  std::string text;
  for (const std::string& table : facts.tables) text += (text.empty() ? "" : ", ") + table;
  return text.empty() ? "none of the known ones" : text;
}

std::string interfaces_text(const Facts& facts) {
  const std::vector<InterfaceSample>& rows = facts.sample.interfaces;
  const auto count = [&rows](const auto& is) {
    return std::count_if(rows.begin(), rows.end(), is);
  };
  const auto octets = [](const InterfaceSample& row, CounterWidth width) {
    const auto counter = row.counters.get(itnxt::Column::in_octets);
    return counter && counter->width == width;
  };
  return fmt::format(
      "{} rows (ifNumber {}), {} up; octets of 64 bits on {}, of 32 bits on {}; "
      "ifName on {}, alias on {}, speed on {}",
      rows.size(), facts.if_number ? std::to_string(*facts.if_number) : "not said",
      count([](const auto& row) { return row.oper == OperStatus::up; }),
      count([&](const auto& row) { return octets(row, CounterWidth::bits64); }),
      count([&](const auto& row) { return octets(row, CounterWidth::bits32); }),
      count([](const auto& row) { return !row.if_name.empty(); }),
      count([](const auto& row) { return !row.if_alias.empty(); }),
      count([](const auto& row) { return row.speed.has_value(); }));
}

std::string guesses_text(const Facts& facts) {
  std::string text;
  const auto add = [&text](const char* what, const std::optional<bool>& gets_in) {
    if (!gets_in) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, *gets_in ? "gets in" : "no");
  };
  add("community \"public\" by 2c:", facts.public_v2c);
  add("by 1:", facts.public_v1);
  add("the user without authentication:", facts.no_auth);
  return text;
}

std::string attempts_table(const Facts& facts, const Style& style) {
  Table table({{"CREDENTIALS"}, {"VERSION"}, {"LEVEL"}, {"RESULT"}});
  for (std::size_t i = 0; i < facts.attempts.size(); ++i) {
    const Attempt& one = facts.attempts[i];
    const char* works = facts.used == i ? "works; used below" : "works";
    table.add({one.credentials, version_of(one), one.level,
               one.works ? Cell{works, Tone::good} : Cell{one.problem, Tone::bad}});
  }
  return table.render(style);
}

// Those that `is` is true of, each once: "'a', 'b'".
template <class Is>
std::string names_of(const Facts& facts, const Is& is) {
  std::string text;
  for (const Attempt& one : facts.attempts) {
    const std::string name = "'" + one.credentials + "'";
    if (!is(one) || text.find(name) != std::string::npos) continue;
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string failing_text(const Facts& facts) {
  const std::string names = names_of(facts, [](const Attempt& one) { return !one.error.empty(); });
  if (names.empty()) return {};
  const auto first =
      std::ranges::find_if(facts.attempts, [](const Attempt& one) { return !one.error.empty(); });
  return fmt::format("answers the credentials {} with errors only ({})", names, first->error);
}

}  // namespace

std::string probe_text(const Probed& probed, const Style& style) {
  const Facts& facts = probed.facts;
  const DeviceSample& sample = facts.sample;
  std::string title = facts.inventory.empty() ? sample.sys_name : facts.inventory;
  title += title.empty() ? facts.address : " at " + facts.address;
  std::string text = paint(title, Tone::strong, style) + "\n\n";
  text += attempts_table(facts, style) + "\n";
  text += line("name", sample.sys_name);
  text += line("description", sample.sys_descr);
  text += line("object ID", sample.sys_object_id);
  text += line("location", facts.sys_location);
  text += line("contact", facts.sys_contact);
  text += line("up", uptime_text(facts));
  text += line("engine", engine_text(facts));
  text += line("also tried", guesses_text(facts));
  text += line("round trip", trips_text(facts));
  text += line("reply", size_text(facts.largest));
  text += line("tables", tables_text(facts));
  text += line("interfaces", interfaces_text(facts));
  text += "\n";
  if (probed.oddities.empty()) text += "nothing is odd\n";
  for (const Oddity& oddity : probed.oddities) {
    text += fmt::format("{} {}; {}: {}\n", paint("odd:", Tone::warning, style), oddity.what,
                        oddity.why, oddity.todo);
  }
  return text + "\n" + probed.entry;
}

std::string no_answer_text(const Facts& facts, const std::string& unreachable) {
  std::string text = facts.address + ": ";
  bool heard = facts.engine.has_value();
  for (const Attempt& one : facts.attempts) heard = heard || one.heard;
  const std::string accepted =
      names_of(facts, [](const Attempt& one) { return one.accepted && one.error.empty(); });
  const std::string failing = failing_text(facts);
  if (!accepted.empty()) {
    text += "accepts the credentials " + accepted + ", but they may read nothing";
  } else if (!failing.empty()) {
    text += failing;
  } else if (facts.public_v1 == true || facts.public_v2c == true) {
    text += "answers community \"public\", but none of the credentials works";
  } else if (facts.engine) {
    text += fmt::format("speaks SNMPv3 (engine {}), but none of the credentials works",
                        engine_text(facts));
  } else if (!unreachable.empty()) {
    text += "does not answer SNMP: " + unreachable;
  } else {
    text += heard ? "none of the credentials works" : "does not answer SNMP";
  }
  text += "; tried:\n";
  for (const Attempt& one : facts.attempts) {
    text += fmt::format("  '{}' by version {}{}: {}\n", one.credentials, version_of(one),
                        one.level.empty() ? "" : " (" + one.level + ")", one.problem);
  }
  if (!facts.engine) text += "  discovery of version 3: no answer\n";
  for (const std::string& stranger : facts.strangers) {
    text += "  replies came from " + stranger + " instead: ask that address\n";
  }
  if (!accepted.empty()) {
    text +=
        "give the user or community a read view on the device that holds 1.3.6.1.2.1 at least "
        "(VACM: group, access, view; of net-snmp: rouser NAME priv, or rocommunity), and ask on "
        "the security level that its access demands";
  } else if (!failing.empty()) {
    text +=
        "the credentials get in, and the agent fails: look at its log and load, restart it, or "
        "ask its maker for a version that answers sysUpTime (1.3.6.1.2.1.1.3.0)";
  } else if (facts.engine || heard) {
    text +=
        "check the user, its algorithms and pass phrases, or the community, on the device, and "
        "that it lets this host ask";
  } else {
    text +=
        "check the address and port, that an SNMP agent runs there, that it lets this host "
        "ask (an agent stays silent to a wrong community), and that no firewall drops UDP "
        "on the way";
  }
  return text;
}

}  // namespace itnxt::ctl
