#include "daemon/state/interface_change.hpp"

#include <utility>

namespace itnxt {

std::string_view describe(PortChange change) {
  switch (change) {
    case PortChange::renumbered:
      return "an interface has another ifIndex; its history goes on, one rate is withheld";
    case PortChange::swapped:
      return "two interfaces exchanged ifIndex or name; each keeps its history and its series";
    case PortChange::moved:
      return "an interface has another name; its history goes on, one rate is withheld";
    case PortChange::replaced:
      return "an interface has another hardware address; one rate is withheld";
    case PortChange::appeared:
      return "a new interface";
    case PortChange::disappeared:
      return "an interface is gone";
    case PortChange::ambiguous:
      return "an interface cannot be told from another; its rates are withheld until a whole walk "
             "decides";
  }
  return {};
}

void InterfaceChanges::add(InterfaceChange change) {
  if (!has_room()) return add_untold(change.change);
  ++counts[static_cast<std::size_t>(change.change)];
  kept.push_back(std::move(change));
}

void InterfaceChanges::add_untold(PortChange change) {
  ++counts[static_cast<std::size_t>(change)];
  ++untold;
}

}  // namespace itnxt
