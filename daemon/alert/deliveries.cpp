#include "daemon/alert/deliveries.hpp"

#include <algorithm>
#include <tuple>

#include "daemon/alert/showing.hpp"
#include "daemon/alert/texts.hpp"

namespace itnxt {
namespace {

bool has(const Labels& labels, const std::string& key, const std::string& value) {
  const auto found = labels.find(key);
  return found != labels.end() && found->second == value;
}

bool shows_state(const Channel& channel) {
  return std::holds_alternative<AlertmanagerChannel>(channel.kind);
}

}  // namespace

bool route_matches(const Route& route, const Labels& labels) {
  return std::all_of(route.match.begin(), route.match.end(), [&](const auto& wanted) {
    const auto& [key, value] = wanted;
    if (has(labels, key, value)) return true;
    return key == "site" && (has(labels, "site_a", value) || has(labels, "site_b", value));
  });
}

void Deliveries::restore(const std::vector<Delivery>& deliveries) {
  for (const Delivery& delivery : deliveries) {
    book_.try_emplace({delivery.incident, delivery.channel}, delivery);
  }
}

DeliveryChanges Deliveries::settle(const Incidents::Merged& merged, WallTime wall) {
  DeliveryChanges changes;
  const auto forget = [&](Book::iterator it) {
    changes.gone.push_back(it->first);
    return book_.erase(it);
  };
  for (const std::string& id : merged.unsaid) {
    auto it = book_.lower_bound({id, ChannelName()});
    while (it != book_.end() && it->first.incident == id) it = forget(it);
  }
  for (const Incident& incident : merged.outlived) {
    auto it = book_.lower_bound({incident.id, ChannelName()});
    while (it != book_.end() && it->first.incident == incident.id) {
      Delivery& delivery = it->second;
      const Channel* to = channel(delivery.channel);
      if (!delivery.page_delivered || (to != nullptr && shows_state(*to))) {
        it = forget(it);
        continue;
      }
      if (!delivery.close) {
        delivery.close = delivery.page;
        write_removed(*delivery.close, "a newer page goes on with it", wall);
        delivery.ended = wall;
        changes.changed.push_back(delivery);
      }
      ++it;
    }
  }
  return changes;
}

std::vector<ChannelName> Deliveries::channels_for(const Labels& labels) const {
  std::vector<ChannelName> names;
  for (const Route& route : config_.routes) {
    if (!route_matches(route, labels)) continue;
    for (const ChannelName& name : route.channels) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

const Channel* Deliveries::channel(const ChannelName& name) const {
  for (const Channel& one : config_.channels) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

void Deliveries::open(const Incident& incident, DeliveryChanges& changes) {
  for (const ChannelName& name : channels_for(incident.alert.labels)) {
    const auto [place, is_new] = book_.try_emplace(DeliveryKey{incident.id, name});
    if (!is_new) continue;
    place->second.incident = incident.id;
    place->second.channel = name;
    place->second.page = incident.alert;
    changes.changed.push_back(place->second);
  }
}

DeliveryChanges Deliveries::apply(const std::vector<PageEvent>& events, WallTime wall) {
  DeliveryChanges changes;
  for (const PageEvent& event : events) {
    if (event.kind == PageKind::open) {
      open(event.incident, changes);
      continue;
    }
    const DeliveryKey first{event.incident.id, ChannelName()};
    for (auto it = book_.lower_bound(first);
         it != book_.end() && it->first.incident == event.incident.id; ++it) {
      Delivery& delivery = it->second;
      const Channel* to = channel(delivery.channel);
      if (event.kind == PageKind::close) {
        delivery.close = event.incident.alert;
        delivery.ended = event.ended.value_or(wall);
      } else if (to != nullptr && shows_state(*to)) {
        delivery.page = event.incident.alert;
      } else {
        continue;
      }
      changes.changed.push_back(delivery);
    }
  }
  return changes;
}

DeliveryChanges Deliveries::progress(const std::string& incident, const ChannelName& name,
                                     Progress progress, WallTime wall) {
  DeliveryChanges changes;
  const auto found = book_.find(DeliveryKey{incident, name});
  if (found == book_.end()) return changes;
  switch (progress) {
    case Progress::none:
      break;
    case Progress::page_delivered:
      if (const Channel* to = channel(name); found->second.close && !found->second.page_delivered &&
                                             to != nullptr && shows_state(*to)) {
        found->second.shown_until = wall + Showing::kShowLate;
      }
      found->second.page_delivered = true;
      changes.changed.push_back(found->second);
      break;
    case Progress::closed:
    case Progress::refused:
    case Progress::given_up:
      changes.gone.push_back(found->first);
      book_.erase(found);
      break;
  }
  return changes;
}

DeliveryChanges Deliveries::reconfigure(const NotifyConfig& config, const Incidents::Open& open) {
  DeliveryChanges changes;
  config_ = config;
  std::erase_if(book_, [&](const auto& one) {
    if (channel(one.first.channel) != nullptr) return false;
    if (!one.second.page_delivered || one.second.close) ++changes.abandoned;
    changes.gone.push_back(one.first);
    return true;
  });
  for (const auto& [key, incident] : open) {
    if (!incident.is_told()) continue;
    for (const ChannelName& name : channels_for(incident.alert.labels)) {
      const Channel* to = channel(name);
      if (to == nullptr || !shows_state(*to)) continue;
      const auto [place, is_new] = book_.try_emplace(DeliveryKey{incident.id, name});
      if (!is_new) continue;
      place->second = {incident.id, name, incident.alert, false, {}, {}, {}};
      changes.changed.push_back(place->second);
    }
  }
  return changes;
}

std::vector<Delivery> Deliveries::of(const ChannelName& channel) const {
  std::vector<Delivery> deliveries;
  for (const auto& [key, delivery] : book_) {
    if (key.channel == channel) deliveries.push_back(delivery);
  }
  const auto rank = [](const Delivery& d) {
    return std::tuple(!d.page_delivered, !d.close.has_value(), d.page.first_seen());
  };
  std::stable_sort(deliveries.begin(), deliveries.end(),
                   [&](const Delivery& a, const Delivery& b) { return rank(a) < rank(b); });
  return deliveries;
}

}  // namespace itnxt
