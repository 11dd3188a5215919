#include "collectors/host/link_memory.hpp"

#include <map>
#include <string>
#include <utility>

namespace itnxt::host {
namespace {

const std::string kPrefix = "interface ";
constexpr std::string_view kUp = "up";
constexpr std::string_view kDown = "down";

}  // namespace

void LinkMemory::remember(const LinkChange& change) {
  std::string what;  // of what is gone nothing
  if (change.kind != LinkChange::Kind::gone) {
    what = change.kind == LinkChange::Kind::up ? kUp : kDown;
  }
  sink_.remember(kPrefix + change.name, std::move(what));
}

std::vector<LinkChange> LinkMemory::catch_up(const LinkTable& table) {
  std::map<std::string, std::string> known;
  for (auto& [name, what] : sink_.recall(kPrefix, Recall::of_prefix)) {
    known.emplace(name.substr(kPrefix.size()), std::move(what));
  }
  const bool all_is_new = known.empty();
  std::vector<LinkChange> changes;
  for (LinkChange& now : table.states()) {
    const bool is_up = now.kind == LinkChange::Kind::up;
    const auto before = known.extract(now.name);
    const bool was_up = !before.empty() && before.mapped() == kUp;
    if (is_up != was_up && !all_is_new) {
      changes.push_back(std::move(now));
    } else if (before.empty()) {
      remember(now);
    }
  }
  for (const auto& [name, what] : known) {
    LinkChange gone{LinkChange::Kind::gone, 0, name, AdminStatus::unknown, OperStatus::not_present};
    if (what == kUp) {
      changes.push_back(std::move(gone));
    } else {
      remember(gone);
    }
  }
  return changes;
}

}  // namespace itnxt::host
