// Engine, crisis and incidents wired as the desk wires them.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "daemon/alert/crisis.hpp"
#include "daemon/alert/engine.hpp"
#include "daemon/alert/incidents.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {

inline std::vector<std::string> lines_of(const std::vector<PageEvent>& pages) {
  static constexpr std::array kNames = {"open ", "update ", "close "};
  std::vector<std::string> lines;
  for (const PageEvent& page : pages) {
    lines.push_back(kNames[static_cast<std::size_t>(page.kind)] + page.incident.alert.subject);
  }
  return lines;
}

// Four schools around a centre, a crisis of three.
struct SchoolWorld {
  Config config;
  Engine engine;
  Crisis crisis;
  Incidents incidents;
  Snapshot snapshot;

  explicit SchoolWorld(Duration hold = 0s)
      : config(make(hold)), engine(config), crisis(config.crisis), snapshot(snapshot_of(config)) {}
  static Config make(Duration hold) {
    Config config = config_with({link_down()});
    for (int i = 1; i <= 4; ++i) {
      add_link(config, "l" + std::to_string(i), "md", "s" + std::to_string(i));
    }
    config.crisis = CrisisConfig{};
    config.crisis->min_sites = 3;
    config.crisis->hold = hold;
    return config;
  }
  std::vector<PageEvent> pages(Duration at) {
    const auto transitions = engine.evaluate(snapshot, Instant(at), wall_at(at));
    const auto verdict = crisis.evaluate(snapshot, Instant(at), wall_at(at));
    return incidents
        .update(transitions, verdict, Instant(at), wall_at(at),
                [&] { return engine.calm(Instant(at)); })
        .pages;
  }
  std::vector<std::string> step(Duration at) { return lines_of(pages(at)); }
  std::vector<std::string> release(Duration at) {
    return lines_of(incidents.release(Instant(at)).pages);
  }
  void set(std::initializer_list<int> links, bool up) {
    for (const int i : links) set_up(snapshot, "l" + std::to_string(i), up);
  }
};

}  // namespace itnxt::test
