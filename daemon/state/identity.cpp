#include "daemon/state/identity.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "daemon/core/labels.hpp"

namespace itnxt {

std::string index_text(std::uint32_t if_index) {
  return "ifIndex " + std::to_string(if_index);
}

std::string base_name(const InterfaceSample& sample) {
  for (const std::string* text : {&sample.if_name, &sample.if_descr}) {
    if (!text->empty()) return *text;
  }
  return index_text(sample.if_index);
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

std::optional<std::string> NameGiver::give(std::string_view called, bool is_new) {
  std::string name(called);
  std::uint32_t& number = last_number_.try_emplace(*called_.insert(called).first, 1).first->second;
  const std::uint32_t before = number;
  const auto is_free = [&] { return !taken_.contains(name) && (is_new || !rests(name)); };
  if (!is_free()) {
    do {
      name = std::string(called) + '#' + std::to_string(++number);
    } while (called_.contains(name) || !is_free());
  }
  if (is_new && (rests(name) || resting_for_new_.contains(name))) {
    number = before;
    return std::nullopt;
  }
  taken_.insert(name);
  return name;
}

}  // namespace itnxt
