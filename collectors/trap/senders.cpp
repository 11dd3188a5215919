#include "collectors/trap/senders.hpp"

#include <algorithm>

namespace itnxt::trap {
namespace {

std::array<std::uint8_t, 16> mapped(const std::array<std::uint8_t, 4>& v4) {
  std::array<std::uint8_t, 16> ip{};
  ip[10] = ip[11] = 0xFF;
  std::ranges::copy(v4, ip.begin() + 12);
  return ip;
}

}  // namespace

void Senders::set(const std::vector<SnmpTarget>& targets) {
  const std::vector<Known> before = std::exchange(devices_, {});
  const auto names_before = std::exchange(by_name_, {});
  communities_.clear();
  devices_.reserve(targets.size());
  for (const SnmpTarget& target : targets) {
    Known known;
    known.name = target.device.name;
    known.host = target.device.host;
    known.version3 = target.credentials.version == SnmpVersion::v3;
    known.community = target.credentials.community.reveal();
    if (!known.host.empty()) {
      const auto address = numeric_address(known.host, 0);
      known.named = !address;
      if (address) known.ip = address->ip;
    }
    const auto old = names_before.find(known.name);
    if (known.named && old != names_before.end() && before[old->second].host == known.host) {
      known.ip = before[old->second].ip;
    }
    if (!known.version3) communities_.insert(known.community);
    by_name_[known.name] = devices_.size();
    devices_.push_back(std::move(known));
  }
  index();
}

void Senders::index() {
  by_ip_.clear();
  for (std::size_t device = 0; device < devices_.size(); ++device) {
    if (!devices_[device].ip) continue;
    Found& here = by_ip_[Address{*devices_[device].ip, 0, 0}];
    if (here.size() < kMostAtOne) here.push_back(device);
  }
}

std::vector<std::pair<std::size_t, std::string>> Senders::names() const {
  std::vector<std::pair<std::size_t, std::string>> found;
  for (std::size_t device = 0; device < devices_.size(); ++device) {
    if (devices_[device].named) found.emplace_back(device, devices_[device].host);
  }
  return found;
}

void Senders::resolved(std::size_t device, const Address& address) {
  if (devices_[device].ip == address.ip) return;
  devices_[device].ip = address.ip;
  index();
}

std::optional<std::size_t> Senders::find(const DeviceName& name) const {
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? std::nullopt : std::optional(known->second);
}

Senders::Found Senders::at(const std::array<std::uint8_t, 16>& ip) const {
  const auto known = by_ip_.find(Address{ip, 0, 0});
  return known == by_ip_.end() ? Found() : known->second;
}

std::variant<Senders::Found, Reason> Senders::of_community(const Notification& note,
                                                           const Address& from) const {
  const auto bears = [&](std::size_t device) {
    return !devices_[device].version3 && devices_[device].community == note.community;
  };
  const auto keep = [&](Found found, const auto& which) {
    std::erase_if(found, [&](std::size_t device) { return !which(device); });
    return found;
  };
  if (!communities_.contains(std::string(note.community))) return Reason::wrong_community;
  const Found source = at(from.ip);
  const Found named = note.agent ? at(mapped(*note.agent)) : Found();
  if (Found own = keep(named, bears); !own.empty()) return own;
  if (Found own = keep(source, bears); !own.empty()) return own;
  const auto unsigned_one = [&](std::size_t device) { return !devices_[device].version3; };
  Found others = keep(source, unsigned_one);
  if (others.empty()) return source.empty() ? Reason::unknown_sender : Reason::insecure;
  return others;
}

Senders::Found Senders::of_address(const Notification& note, const Address& from) const {
  const auto signs = [&](Found found) {
    std::erase_if(found, [&](std::size_t device) { return !devices_[device].version3; });
    return found;
  };
  if (note.agent) {
    if (Found named = signs(at(mapped(*note.agent))); !named.empty()) return named;
  }
  return signs(at(from.ip));
}

}  // namespace itnxt::trap
