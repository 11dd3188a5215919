// Sites, devices and links.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

void read_position(const Object& object, Site& site) {
  double latitude = 0;
  double longitude = 0;
  if (object.number("latitude", latitude, -90, 90)) site.latitude = latitude;
  if (object.number("longitude", longitude, -180, 180)) site.longitude = longitude;
  if (object.has("latitude") == object.has("longitude")) return;
  const bool lacks_longitude = object.has("latitude");
  object.problems().error(*object.key(lacks_longitude ? "latitude" : "longitude"),
                          lacks_longitude ? "latitude without longitude; expected both or none"
                                          : "longitude without latitude; expected both or none");
}

void read_site(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::site);
  if (!object.is_map()) return;
  Site site;
  const bool named = object.name("name", site.name);
  object.choice("kind", site.kind, kSiteKindNames);
  object.text("district", site.district);
  object.text("department", site.department);
  read_position(object, site);
  object.number("weight", site.weight, 0, 1e9);
  object.boolean("anchor", site.anchor);
  if (named) {
    draft.sites.add(draft.problems, site.name.text(), *object.find("name"),
                    draft.config.inventory.sites.size());
  }
  draft.config.inventory.sites.push_back(std::move(site));
}

void read_device_address(const Object& object, Device& device) {
  const Value* value = object.find("address");
  if (value == nullptr) return;
  if (value->is_list()) {  // [2001:db8::1] without quotes is YAML for a list
    object.problems().error(*value,
                            "address: expected a single value, not a list; an IPv6 address in "
                            "brackets needs quotes: \"[2001:db8::1]\"");
    return;
  }
  const auto text = scalar_text(object.problems(), *value, "address");
  if (!text) return;
  const auto address = parse_address(*text, device.port);
  if (!address) {
    object.problems().error(*value, "address: " + address.error());
    return;
  }
  device.host = address->host;
  device.port = address->port;
}

void read_device(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::device);
  if (!object.is_map()) return;
  Device device;
  const bool named = object.name("name", device.name);
  if (object.name("site", device.site)) {
    draft.sites.find(draft.problems, device.site.text(), *object.find("site"));
  }
  read_device_address(object, device);
  if (const Value* v = object.find("credentials")) {
    device.credentials = clean_name(draft.problems, *v, "credentials").value_or("");
  }
  object.name("node", device.node);
  if (named) {
    draft.devices.add(draft.problems, device.name.text(), *object.find("name"),
                      draft.config.inventory.devices.size());
  }
  draft.config.inventory.devices.push_back(std::move(device));
  draft.device_notes.push_back({&value, false});
}

bool read_link_end(Draft& draft, const Value& value, LinkEnd& end) {
  const Object object(draft.problems, value, schema::link_end);
  if (!object.is_map()) return false;
  const bool named = object.name("device", end.device);
  if (named) draft.devices.find(draft.problems, end.device.text(), *object.find("device"));
  return object.text("interface", end.interface) && named;
}

void read_link(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::link);
  if (!object.is_map()) return;
  Link link;
  const bool named = object.name("name", link.name);
  const Value* a = object.find("a");
  const Value* b = object.find("b");
  LinkEnd far;
  const bool near_read = a != nullptr && read_link_end(draft, *a, link.a);
  const bool far_read = b != nullptr && read_link_end(draft, *b, far);
  if (far_read) link.b = far;
  if (near_read && far_read && link.a == far) {
    draft.problems.error(*b, fmt::format("both ends of the link are {} of device '{}'; expected "
                                         "two interfaces, or no 'b' when the far end is not ours",
                                         in_quotes(far.interface), far.device.text()));
  }
  object.choice("class", link.link_class, kLinkClassNames);
  if (const Value* v = object.find("capacity")) {
    const auto text = scalar_text(draft.problems, *v, "capacity");
    const auto rate = parse_rate(text.value_or("1bit/s"));
    if (!rate) {
      draft.problems.error(*v, "capacity: " + rate.error());
    } else {
      link.capacity = *rate;
    }
  }
  if (named) {
    draft.links.add(draft.problems, link.name.text(), *object.find("name"),
                    draft.config.inventory.links.size());
  }
  draft.config.inventory.links.push_back(std::move(link));
}

void read_prefix(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::prefix);
  if (!object.is_map()) return;
  SitePrefixConfig prefix;
  if (object.name("site", prefix.site)) {
    draft.sites.find(draft.problems, prefix.site.text(), *object.find("site"));
  }
  const Value* at = object.find("cidr");
  const auto text = at == nullptr ? std::nullopt : scalar_text(draft.problems, *at, "cidr");
  if (!text) return;
  const auto cidr = parse_cidr(*text);
  if (!cidr) {
    draft.problems.error(*at, "cidr: " + cidr.error());
    return;
  }
  prefix.cidr = *cidr;
  for (const SitePrefixConfig& other : draft.config.inventory.prefixes) {
    if (other.cidr != prefix.cidr) continue;
    draft.problems.error(*at, fmt::format("cidr: {} belongs to site '{}' already; expected one "
                                          "site a prefix",
                                          in_quotes(*text), other.site.text()));
    return;
  }
  draft.config.inventory.prefixes.push_back(std::move(prefix));
}

}  // namespace

const Value* peek(const Value& map, std::string_view key) {
  if (!map.is_map()) return nullptr;
  for (std::size_t i = 0; i < map.entries(); ++i) {
    if (map.key(i).is_scalar() && map.key(i).text == key) return &map.value(i);
  }
  return nullptr;
}

void read_inventory(Draft& draft, const Value& inventory) {
  const Object object(draft.problems, inventory, schema::inventory);
  if (!object.is_map()) return;
  const auto each = [&](std::string_view key, auto read) {
    const Value* list = object.find(key);
    if (list == nullptr) return;
    for (const Value* item : list_items(draft.problems, *list, key, "maps")) read(draft, *item);
  };
  each("sites", read_site);
  each("devices", read_device);
  each("links", read_link);
  each("prefixes", read_prefix);
}

// A node that nobody lets in: its devices would stay unknown.
void check_device_nodes(Draft& draft) {
  const Config& config = draft.config;
  if (draft.purpose == Purpose::collect || !config.aggregator.curve) return;
  std::vector<std::string> known = {config.node.text()};
  for (const auto& [key, node] : config.aggregator.curve->nodes) known.push_back(node.text());
  std::ranges::sort(known);
  for (std::size_t i = 0; i < config.inventory.devices.size(); ++i) {
    const std::string& node = config.inventory.devices[i].node.text();
    if (node.empty() || std::ranges::binary_search(known, node)) continue;
    draft.problems.warning(
        *peek(*draft.device_notes[i].at, "node"),
        fmt::format("node: nobody with a key may tell of '{}', since {} is neither this node nor "
                    "in aggregator.curve.nodes{}",
                    config.inventory.devices[i].name.text(), in_quotes(node),
                    hint(draft.problems, node, known)));
  }
}

void check_devices(Draft& draft) {
  for (std::size_t i = 0; i < draft.config.inventory.devices.size(); ++i) {
    const Device& device = draft.config.inventory.devices[i];
    if (device.credentials.empty()) continue;
    const Value& at = *peek(*draft.device_notes[i].at, "credentials");
    const auto found = draft.credentials.find(draft.problems, device.credentials, at);
    if (!found) continue;
    draft.device_notes[i].usable = true;
    draft.credentials_notes[*found].used_by_device = true;
  }
}

}  // namespace itnxt
