// What the tests of the engine share.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "daemon/alert/engine.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {

// "firing LinkDown/link x" per transition.
inline std::vector<std::string> told(const std::vector<Transition>& transitions) {
  static constexpr std::array kNames = {"pending", "dropped", "firing", "resolved"};
  std::vector<std::string> lines;
  for (const Transition& t : transitions) {
    lines.push_back(std::string(kNames[static_cast<std::size_t>(t.change)]) + ' ' +
                    t.active.alert.alert + '/' + t.active.alert.subject);
  }
  return lines;
}

inline std::shared_ptr<DeviceView> device(std::size_t interfaces) {
  auto view = std::make_shared<DeviceView>();
  view->name = DeviceName("r1");
  view->site = SiteName("md");
  view->up = view->fresh = view->polled = true;
  view->polls[0] = 1;
  for (std::size_t i = 0; i < interfaces; ++i) {
    InterfaceView port;
    port.identity = std::make_shared<InterfaceIdentity>(
        InterfaceIdentity{view->name, InterfaceName("Te0/0/" + std::to_string(i)), ""});
    port.up = true;
    port.admin_up = true;
    view->interfaces.push_back(port);
  }
  return view;
}

inline Rule rule_on(SubjectKind kind, SubjectMetric metric, double below) {
  Rule rule;
  rule.alert = "Rule";
  rule.on = kind;
  rule.metric = metric;
  rule.below = below;
  return rule;
}

// RFC 2863 §3.1.13: what the operator switched off is not down.
}  // namespace itnxt::test
