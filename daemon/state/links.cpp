#include "daemon/state/links.hpp"

#include <algorithm>

#include "daemon/state/rate.hpp"

namespace itnxt {
namespace {

LinkEndView end_view(const LinkEnd& end, const FoundEnd& found) {
  LinkEndView view;
  view.device = end.device;
  view.interface = end.interface;
  view.site = found.site;
  if (found.interface != nullptr) view.up = found.interface->up;
  return view;
}

std::optional<bool> both(const std::optional<bool>& a, const std::optional<bool>& b) {
  if (a == false || b == false) return false;
  if (a == true && b == true) return true;
  return std::nullopt;
}

// Down since the first of its ends is, up since the last one is.
WallTime since(std::optional<bool> up, const FoundEnd& a, const FoundEnd& b) {
  std::optional<WallTime> since;
  for (const FoundEnd* end : {&a, &b}) {
    if (!up || end->interface == nullptr || end->interface->up != up) continue;
    const WallTime at = end->interface->up_held.since();
    since = !since ? at : *up ? std::max(*since, at) : std::min(*since, at);
  }
  return since.value_or(WallTime{});
}

std::optional<BytesPerSecond> slower(const FoundEnd& a, const FoundEnd& b) {
  std::optional<BytesPerSecond> least;
  for (const FoundEnd* end : {&a, &b}) {
    if (end->interface == nullptr) continue;
    const auto speed = usable(end->interface->speed);
    if (speed) least = least ? std::min(*least, *speed) : *speed;
  }
  return least;
}

std::optional<BytesPerSecond> flow(const InterfaceView* sender, const InterfaceView* receiver) {
  if (sender != nullptr) {
    if (const auto rate = known(sender->transmit)) return rate;
  }
  return receiver != nullptr ? known(receiver->receive) : std::nullopt;
}

std::optional<Ratio> share(std::optional<BytesPerSecond> rate,
                           std::optional<BytesPerSecond> capacity) {
  if (!rate || !capacity) return std::nullopt;
  return utilization(*rate, *capacity);
}

}  // namespace

LinkView make_link_view(const Link& link, const FoundEnd& a, const FoundEnd& b) {
  LinkView view;
  view.name = link.name;
  view.link_class = link.link_class;
  view.a = end_view(link.a, a);
  view.up = view.a.up;
  for (const FoundEnd* end : {&a, &b}) {
    if (end->interface != nullptr) view.at = std::max(view.at, end->interface->at);
  }
  if (link.b) {
    view.b = end_view(*link.b, b);
    view.up = both(view.a.up, view.b->up);
  }
  view.up_since = since(view.up, a, b);
  view.capacity = usable(link.capacity);
  if (!view.capacity) view.capacity = slower(a, b);
  view.a_to_b = flow(a.interface, b.interface);
  view.b_to_a = flow(b.interface, a.interface);
  view.utilization_a_to_b = share(view.a_to_b, view.capacity);
  view.utilization_b_to_a = share(view.b_to_a, view.capacity);
  return view;
}

}  // namespace itnxt
