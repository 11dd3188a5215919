// One evaluation and one subject of it, for the engine's own files only.
#pragma once

#include "daemon/alert/engine.hpp"

namespace itnxt {

// One subject as a rule sees it: names and view stay in the snapshot.
struct Engine::Subject {
  const std::string& group;
  const std::string& member;
  const LinkView* link = nullptr;
  const DeviceView* device = nullptr;
  const InterfaceView* interface = nullptr;
  const CaptureView* capture = nullptr;
  const CollectorView* collector = nullptr;

  [[nodiscard]] bool covered_by(const Rule& rule) const {
    if (rule.where.empty()) return true;
    if (link != nullptr) return matches(rule, *link);
    if (interface != nullptr) return matches(rule, *device, *interface);
    if (device != nullptr) return matches(rule, *device);
    if (capture != nullptr) return matches(rule, *capture);
    return matches(rule, *collector);
  }
  [[nodiscard]] SubjectText text() const {
    if (link != nullptr) return describe(*link);
    if (interface != nullptr) return describe(*device, *interface);
    if (device != nullptr) return describe(*device);
    if (capture != nullptr) return describe(*capture);
    return describe(*collector);
  }
};

struct Engine::Round {
  const Snapshot& snapshot;
  Instant now;
  WallTime wall;
  std::uint64_t number;
  const std::set<std::string, std::less<>>& collectors;
  std::vector<Transition> transitions;

  // When it became so: never later than now.
  [[nodiscard]] WallTime time_of(const Reading& reading) const {
    return reading.since == WallTime{} ? wall : std::min(reading.since, wall);
  }
};

}  // namespace itnxt
