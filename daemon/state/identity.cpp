#include "daemon/state/identity.hpp"

#include <initializer_list>
#include <string_view>
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

NameGiver::NameGiver(const std::vector<std::string_view>& called)
    : called_(called.begin(), called.end()) {}

std::string NameGiver::give(std::string_view called) {
  std::string name(called);
  if (taken_.insert(name).second) return name;
  std::uint32_t& number = last_number_.try_emplace(*called_.insert(called).first, 1).first->second;
  do {
    name = std::string(called) + '#' + std::to_string(++number);
  } while (called_.contains(name) || !taken_.insert(name).second);
  return name;
}

}  // namespace itnxt
