#include "collectors/trap/port_names.hpp"

#include "daemon/core/text.hpp"

namespace itnxt::trap {

void PortNames::learn(const DeviceName& device, const InterfaceStatus& port) {
  if (port.if_index == 0 || port.if_name.empty()) return;
  const std::pair key(device, port.if_index);
  if (names_.size() >= kMost && !names_.contains(key)) names_.clear();
  names_[key] = sanitize(port.if_name, kMostBytes);
}

std::string PortNames::of(const DeviceName& device, std::uint32_t if_index) const {
  const auto known = names_.find({device, if_index});
  return known == names_.end() ? "" : known->second;
}

void PortNames::forget(const DeviceName& device) {
  names_.erase(names_.lower_bound({device, 0}), names_.upper_bound({device, UINT32_MAX}));
}

}  // namespace itnxt::trap
