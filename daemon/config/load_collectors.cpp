// Collectors, and the devices each of them polls.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "daemon/config/draft.hpp"
#include "daemon/config/load_profiles.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr const char* kDefaultProfiles = "snmp";

// Devices as chosen, each once. Devices without credentials stay: they are reported by the caller.
class Choice {
 public:
  explicit Choice(Draft& draft) : draft_(draft), taken_(draft.config.inventory.devices.size()) {}

  void take(std::size_t device) {
    if (taken_[device]) return;
    taken_[device] = true;
    chosen_.push_back(device);
  }
  void take_all() {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (!draft_.device_notes[i].own) take(i);
    }
  }
  void take_site(const Value& at) {
    const auto name = clean_name(draft_.problems, at, "site");
    if (!name || !draft_.sites.find(draft_.problems, *name, at)) return;
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      const bool is_there = draft_.config.inventory.devices[i].site.text() == *name;
      if (is_there && !draft_.device_notes[i].own) take(i);
    }
  }
  void take_named(const Value& at) {
    const auto name = clean_name(draft_.problems, at, "devices");
    const auto index = name ? draft_.devices.find(draft_.problems, *name, at) : std::nullopt;
    if (!index) return;
    if (taken_[*index]) {
      draft_.problems.error(at, fmt::format("device '{}' stands twice in this list", *name));
    }
    take(*index);
  }
  std::vector<std::size_t> chosen() && { return std::move(chosen_); }

 private:
  Draft& draft_;
  std::vector<bool> taken_;
  std::vector<std::size_t> chosen_;
};

std::vector<std::size_t> choose_devices(Draft& draft, const Value* devices) {
  Choice choice(draft);
  if (devices == nullptr || (devices->is_scalar() && devices->text == "all")) {
    choice.take_all();
  } else if (devices->is_list()) {
    for (const Value* item : devices->items) choice.take_named(*item);
  } else if (devices->is_map()) {
    const Object object(draft.problems, *devices, schema::device_selector);
    const Value* site = object.find("site");
    if (site != nullptr && site->is_list()) {
      for (const Value* item : site->items) choice.take_site(*item);
    } else if (site != nullptr) {
      choice.take_site(*site);
    }
  } else {
    draft.problems.error(*devices, "devices: expected all, a list of names or {site: NAME}");
  }
  return std::move(choice).chosen();
}

void check_polled(Draft& draft, const Value& at, const SnmpCollectorConfig& collector,
                  const std::vector<std::size_t>& devices) {
  for (const std::size_t i : devices) {
    const Device& device = draft.config.inventory.devices[i];
    const Draft::DeviceNote& note = draft.device_notes[i];
    if (device.host.empty() && peek(*note.at, "address") == nullptr) {
      draft.problems.error(*note.at,
                           fmt::format("device '{}' lacks 'address'; collector '{}' polls "
                                       "it; expected IPv4, [IPv6] or a name, optionally "
                                       "with :PORT",
                                       device.name.text(), collector.name.text()));
    }
    if (note.usable) {
      const std::size_t* index = draft.credentials.look_up(device.credentials);
      draft.credentials_notes[*index].used_by_collector = true;
    } else if (device.credentials.empty() && peek(*note.at, "credentials") == nullptr) {
      draft.problems.error(*note.at, fmt::format("device '{}' lacks 'credentials'; collector '{}' "
                                                 "polls it",
                                                 device.name.text(), collector.name.text()));
    }
  }
  // Each try waits half as long again as the one before.
  Duration patience{}, of_try = collector.timeout;
  for (std::uint32_t i = 0; i <= collector.retries; ++i, of_try += of_try / 2) patience += of_try;
  if (patience > collector.interval) {
    draft.problems.warning(
        at, fmt::format("collector '{}' would wait {} for a silent device (timeout {}, half as "
                        "long again with each of {} retries), longer than its interval of {}",
                        collector.name.text(), to_text(patience), to_text(collector.timeout),
                        collector.retries, to_text(collector.interval)));
  }
}

}  // namespace

// A device belongs to one collector: two would deliver its counters as two sources of the same
// series.
void claim_devices(Draft& draft, const Value& at, const CollectorName& collector,
                   const std::vector<std::size_t>& devices) {
  struct Shared {
    std::size_t first;
    std::size_t more;
  };
  std::map<std::size_t, Shared> shared;  // by the other collector
  for (const std::size_t i : devices) {
    auto& owner = draft.device_notes[i].polled_by;
    if (!owner) {
      owner = draft.config.collectors.size();
    } else if (const auto [entry, is_new] = shared.try_emplace(*owner, Shared{i, 0}); !is_new) {
      ++entry->second.more;
    }
  }
  for (const auto& [other, with] : shared) {
    draft.problems.error(
        at, fmt::format("device '{}' is polled by collectors '{}' and '{}': expected one collector "
                        "a device{}",
                        draft.config.inventory.devices[with.first].name.text(),
                        name_of(draft.config.collectors[other]).text(), collector.text(),
                        with.more == 0 ? "" : fmt::format(" ({} more are, too)", with.more)));
  }
}

namespace {

// The directory that is named, else the one beside the main file if it is there; "" takes none.
// Only who polls reads them.
std::vector<Profile> read_profiles(Draft& draft, const Object& object) {
  if (draft.purpose == Purpose::aggregate) return {};
  const Value* given = object.find("profiles");
  std::string directory = (draft.directory / kDefaultProfiles).lexically_normal().string();
  if (given == nullptr) {
    std::error_code error;
    if (!std::filesystem::is_directory(directory, error)) return {};
  } else if (given->is_scalar() && given->text.empty()) {
    return {};
  } else if (!object.path("profiles", directory)) {
    return {};
  }
  const auto read = draft.profiles.find(directory);
  if (read != draft.profiles.end()) return read->second;
  const Value& at = given == nullptr ? object.value() : *given;
  return draft.profiles[directory] = load_profiles(draft.files, draft.problems, at, directory,
                                                   draft.checks.reserved_metrics);
}

void read_snmp(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::snmp_collector);
  SnmpCollectorConfig collector;
  object.name("name", collector.name);
  object.duration("interval", collector.interval, 100ms, 24h);
  object.duration("timeout", collector.timeout, 10ms, 60s);
  object.integer("retries", collector.retries, 0, 10);
  collector.profiles = read_profiles(draft, object);
  const std::size_t errors = draft.problems.errors();
  std::vector<std::size_t> devices = choose_devices(draft, object.find("devices"));
  if (devices.empty() && draft.problems.errors() == errors) {
    draft.problems.warning(value, "this collector polls no device");
  }
  check_polled(draft, value, collector, devices);
  claim_devices(draft, value, collector.name, devices);
  draft.polls.push_back({draft.config.collectors.size(), std::move(devices)});
  draft.config.collectors.emplace_back(std::move(collector));
}

// What the collector itself finds in it.
void ask_collector(Draft& draft, const Value& value) {
  if (draft.purpose == Purpose::aggregate || !draft.checks.collector) return;
  for (Objection& said : draft.checks.collector(draft.config.collectors.back())) {
    const Value* key = peek(value, said.key);
    const Value& at = key == nullptr ? value : *key;
    said.warning ? draft.problems.warning(at, std::move(said.message))
                 : draft.problems.error(at, std::move(said.message));
  }
}

void read_collector(Draft& draft, const Value& value) {
  if (!value.is_map()) {
    draft.problems.error(
        value, fmt::format("expected a map with the keys of a collector, not {}", kind_of(value)));
    return;
  }
  // In the order of kCollectorKindNames.
  static constexpr std::array kReaders = {read_snmp, read_pcap, read_probe, read_host, read_trap};
  static_assert(kReaders.size() == kCollectorKindNames.size());
  if (const auto kind = read_kind(draft, value, "a collector", schema::snmp_collector.keys[0],
                                  kCollectorKindNames)) {
    const std::size_t errors = draft.problems.errors();
    kReaders[*kind](draft, value);
    if (draft.problems.errors() == errors) ask_collector(draft, value);
  }
  const Value* name = peek(value, "name");
  if (name != nullptr && name->is_scalar() && !name->text.empty()) {
    draft.collectors.add(draft.problems, std::string(name->text.substr(0, 64)), *name, 0);
  }
}

}  // namespace

void read_collectors(Draft& draft, const Value& collectors) {
  const auto items = list_items(draft.problems, collectors, "collectors", "maps");
  for (const Value* item : items) note_own_device(draft, *item);
  for (const Value* item : items) read_collector(draft, *item);
}

void make_targets(Draft& draft) {
  for (const Draft::Polls& polls : draft.polls) {
    auto* const snmp = std::get_if<SnmpCollectorConfig>(&draft.config.collectors[polls.collector]);
    auto* const trap = std::get_if<TrapCollectorConfig>(&draft.config.collectors[polls.collector]);
    std::vector<SnmpTarget>& targets = snmp != nullptr ? snmp->targets : trap->targets;
    targets.reserve(polls.devices.size());
    for (const std::size_t i : polls.devices) {
      if (!draft.device_notes[i].usable) continue;
      const Device& device = draft.config.inventory.devices[i];
      targets.push_back({device, draft.config.credentials.at(device.credentials)});
    }
  }
}

}  // namespace itnxt
