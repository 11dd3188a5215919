#include "daemon/state/identity.hpp"

#include <initializer_list>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daemon/core/labels.hpp"

namespace itnxt {

std::string base_name(const InterfaceSample& sample) {
  for (const std::string* text : {&sample.if_name, &sample.if_descr}) {
    if (!text->empty()) return *text;
  }
  return "ifIndex " + std::to_string(sample.if_index);
}

std::shared_ptr<const InterfaceIdentity> make_identity(const DeviceName& device, std::string name) {
  auto identity = std::make_shared<InterfaceIdentity>();
  identity->device = device;
  using Label = std::pair<std::string_view, std::string_view>;
  append_labels(identity->labels,
                std::initializer_list<Label>{{"device", device.text()}, {"interface", name}});
  identity->name = InterfaceName(std::move(name));
  return identity;
}

std::vector<std::string> distinct_names(const std::vector<std::string>& bases) {
  std::vector<std::string> names;
  names.reserve(bases.size());
  // A base that stands alone keeps its name even if another's numbered form would be the same.
  std::unordered_set<std::string_view> taken(bases.begin(), bases.end());
  std::unordered_set<std::string> numbered;
  std::unordered_map<std::string_view, std::uint32_t> met;
  for (const std::string& base : bases) {
    std::uint32_t& count = met[base];
    if (++count == 1) {
      names.push_back(base);
      continue;
    }
    std::string name = base + "#" + std::to_string(count);
    while (taken.contains(name) || numbered.contains(name)) {
      name = base + "#" + std::to_string(++count);
    }
    numbered.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace itnxt
