// Names of things, each its own type: a device's name is no link's name.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace itnxt {

template <class Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const Name&) const = default;
  bool operator==(const Name&) const = default;

 private:
  std::string text_;
};

using NodeName = Name<struct NodeTag>;  // a host that runs collectors
using CollectorName =
    Name<struct CollectorTag>;  // one collector of a node; a capture bears its collector's name
using DeviceName = Name<struct DeviceTag>;
using InterfaceName = Name<struct InterfaceTag>;  // ifName, else ifDescr; unique within a device
using LinkName = Name<struct LinkTag>;
using SiteName = Name<struct SiteTag>;
using TargetName = Name<struct TargetTag>;  // what a probe asks; unique within the probe
using ChannelName = Name<struct ChannelTag>;

}  // namespace itnxt

template <class Tag>
struct std::hash<itnxt::Name<Tag>> {
  std::size_t operator()(const itnxt::Name<Tag>& name) const noexcept {
    return std::hash<std::string_view>{}(name.text());
  }
};
