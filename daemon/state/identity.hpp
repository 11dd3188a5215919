// Under which name a port is known: the `interface` of its series.
//
// At first sight it is what the device calls it (ifName, else ifDescr, else "ifIndex N"); where
// several are called alike, the first by ifIndex bears it plain, the next "#2", "#3" …. From then
// on a port keeps its name while it lives: when "eth0" goes, "eth0#2" stays "eth0#2", and "eth0" is
// free for the next one that is called so and is new. A port that the device calls otherwise now
// takes the new name, as new series, unless another living port has it: two that exchange names
// keep theirs, since a series must not go from one port's counters to another's. So a new port
// waits for its name: a poll long if the one that bore it is known to be gone, else, if that one
// could not be told from others, until its series are stale.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/core/sample.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// "ifIndex 5": for people.
std::string index_text(std::uint32_t if_index);

// ifName, else ifDescr, else index_text().
std::string base_name(const InterfaceSample& sample);

std::shared_ptr<const InterfaceIdentity> make_identity(const DeviceName& device, std::string name);

// Gives out names, never two alike, whatever devices call their ports.
class NameGiver {
 public:
  // `called`: what the rows of the poll are called; no numbered form takes one of these. Valid as
  // long as the giver.
  explicit NameGiver(const std::vector<std::string_view>& called);
  // A name that a port keeps; once each.
  void keep(std::string name) { taken_.insert(std::move(name)); }
  [[nodiscard]] bool is_taken(const std::string& name) const { return taken_.contains(name); }
  // A name that nobody takes, or no new port.
  void rest(std::string name) { resting_.insert(std::move(name)); }
  void rest_for_new(std::string name) { resting_for_new_.insert(std::move(name)); }
  [[nodiscard]] bool rests(const std::string& name) const { return resting_.contains(name); }
  // For a port that is called so. Nothing if it is new and the name that it would get rests.
  std::optional<std::string> give(std::string_view called, bool is_new);

 private:
  std::unordered_set<std::string_view> called_;
  std::unordered_set<std::string> taken_;
  std::unordered_set<std::string> resting_;
  std::unordered_set<std::string> resting_for_new_;
  std::unordered_map<std::string_view, std::uint32_t> last_number_;
};

}  // namespace itnxt
