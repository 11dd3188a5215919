#include "collectors/host/link_table.hpp"

#include <utility>

#include "daemon/core/text.hpp"

namespace itnxt::host {
namespace {

using Kind = LinkChange::Kind;

template <class T>
bool put(T& to, T value) {
  const bool differs = to != value;
  to = std::move(value);
  return differs;
}

// Whether anything but the counters is other than before.
bool update(HostLink& link, const LinkMessage& message) {
  bool differs = false;
  if (message.name && *message.name != link.kernel_name) {
    link.kernel_name = *message.name;
    link.name = sanitize(*message.name);
    differs = true;
  }
  if (message.alias) differs |= put(link.alias, sanitize(*message.alias));
  if (message.address) differs |= put(link.address, *message.address);
  if (message.operational) link.operational = *message.operational;
  if (message.counters) link.counters = *message.counters;
  link.hardware = message.hardware;
  link.flags = message.flags;
  differs |= put(link.admin, admin_status(link.flags));
  differs |= put(link.oper, oper_status(link.flags, link.operational));
  return differs;
}

LinkChange change_of(Kind kind, std::uint32_t if_index, const HostLink& link) {
  return {kind, if_index, link.name, link.admin,
          kind == Kind::gone ? OperStatus::not_present : link.oper};
}

Kind kind_of_state(const HostLink& link) {
  return link.oper == OperStatus::up ? Kind::up : Kind::down;
}

}  // namespace

std::string_view kind_of(const LinkChange& change) {
  return change.kind == Kind::up ? "interface_up" : "interface_down";
}

std::string describe(const LinkChange& change) {
  switch (change.kind) {
    case Kind::up:
      return change.name + " is up";
    case Kind::gone:
      return change.name + " is gone";
    case Kind::down:
      return change.name +
             (change.admin == AdminStatus::down ? " is down: switched off" : " is down");
  }
  return {};
}

std::optional<LinkChange> LinkTable::take(const LinkMessage& message) {
  auto at = links_.find(message.if_index);
  if (message.gone) {
    if (at == links_.end()) return std::nullopt;
    LinkChange change = remove(at);
    return primed_ ? std::optional(std::move(change)) : std::nullopt;
  }
  bool was_up = false;
  if (at != links_.end()) {
    was_up = at->second.oper == OperStatus::up;
  } else if (!message.name || links_.size() >= kMost) {
    ++refused_;
    return std::nullopt;
  } else {
    at = links_.try_emplace(message.if_index).first;
  }
  HostLink& link = at->second;
  link.round = round_;
  if (update(link, message)) {
    link.told = false;
    changed_ = true;
  }
  const bool is_up = link.oper == OperStatus::up;
  if (!primed_ || is_up == was_up) return std::nullopt;
  return change_of(kind_of_state(link), message.if_index, link);
}

std::vector<LinkChange> LinkTable::end_dump(bool whole) {
  std::vector<LinkChange> gone;
  if (!whole) return gone;
  for (auto at = links_.begin(); at != links_.end();) {
    const auto here = at++;
    if (here->second.round == round_) continue;
    LinkChange change = remove(here);
    if (primed_) gone.push_back(std::move(change));
  }
  primed_ = true;
  return gone;
}

LinkChange LinkTable::remove(std::map<std::uint32_t, HostLink>::iterator at) {
  LinkChange change = change_of(Kind::gone, at->first, at->second);
  links_.erase(at);
  return change;
}

std::optional<LinkChange> LinkTable::status_of(std::string_view name) const {
  for (const auto& [if_index, link] : links_) {
    if (link.name == name) return change_of(kind_of_state(link), if_index, link);
  }
  return std::nullopt;
}

std::vector<LinkChange> LinkTable::states() const {
  std::vector<LinkChange> all;
  all.reserve(links_.size());
  for (const auto& [if_index, link] : links_) {
    all.push_back(change_of(kind_of_state(link), if_index, link));
  }
  return all;
}

void LinkTable::forget_changes() {
  if (!std::exchange(changed_, false)) return;
  for (auto& [if_index, link] : links_) link.told = true;
}

InterfaceSample row_of(std::uint32_t if_index, const HostLink& link, SourceTime at,
                       TimeTicks uptime) {
  InterfaceSample row;
  row.if_index = if_index;
  row.if_name = link.name;
  row.if_alias = link.alias;
  row.phys_address = link.address;
  row.admin = link.admin;
  row.oper = link.oper;
  row.speed = link.line.speed;
  row.at = at;
  row.uptime = uptime;
  row.counters = link.counters;
  return row;
}

}  // namespace itnxt::host
