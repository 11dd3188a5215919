// The book of what is owed to whom: from page events and routes to deliveries. Pure; one thread.
// Every change it returns is to be stored before the channel gets it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/incidents.hpp"
#include "daemon/alert/outbox.hpp"

namespace itnxt {

// Whether a route takes an alert with these labels. `site` also matches an end of a link.
bool route_matches(const Route& route, const Labels& labels);

struct DeliveryKey {
  std::string incident;
  ChannelName channel;
  auto operator<=>(const DeliveryKey&) const = default;
};

struct DeliveryChanges {
  std::vector<Delivery> changed;  // store, then give to its channel
  std::vector<DeliveryKey> gone;  // forget
  std::size_t abandoned = 0;      // of `gone`, those that still had something to send
};

class Deliveries {
 public:
  explicit Deliveries(const NotifyConfig& config) : config_(config) {}

  void restore(const std::vector<Delivery>& deliveries);
  // What Incidents::restore() decided. An outlived page is closed, with a text that says that a
  // newer one goes on; not where the newer page has the same identity (a channel that shows a
  // state), nor when it was never delivered: there it is forgotten.
  DeliveryChanges settle(const Incidents::Merged& merged, WallTime wall);
  DeliveryChanges apply(const std::vector<PageEvent>& events, WallTime wall);

  // What a channel reports, at `wall`. Returns what is to be stored.
  DeliveryChanges progress(const std::string& incident, const ChannelName& channel,
                           Progress progress, WallTime wall);

  // A channel that left the configuration takes its deliveries with it. An Alertmanager shows a
  // state, not events: a channel of that kind learns of every open incident its routes match.
  DeliveryChanges reconfigure(const NotifyConfig& config, const Incidents::Open& open);

  // In the order in which they are to be put again: what is begun or ended first, then by time.
  [[nodiscard]] std::vector<Delivery> of(const ChannelName& channel) const;
  using Book = std::map<DeliveryKey, Delivery>;
  [[nodiscard]] const Book& all() const { return book_; }

 private:
  [[nodiscard]] std::vector<ChannelName> channels_for(const Labels& labels) const;
  [[nodiscard]] const Channel* channel(const ChannelName& name) const;
  void open(const Incident& incident, DeliveryChanges& changes);

  NotifyConfig config_;
  Book book_;
};

}  // namespace itnxt
