// A small network with its desk's configuration: links l0 … lN between "md" and "sN".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/notify/alert_desk.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {

inline Config desk_config(const std::string& state, int links) {
  Config config = config_with({link_down()});
  for (int i = 0; i < links; ++i) {
    add_link(config, "l" + std::to_string(i), "md", "s" + std::to_string(i));
  }
  config.aggregator.state = state;
  return config;
}

inline void add_channel(Config& config, const std::string& name,
                        std::variant<AlertmanagerChannel, WebhookChannel> kind) {
  config.notify.channels.push_back({ChannelName(name), std::move(kind)});
  config.notify.routes.push_back({{}, {ChannelName(name)}});
}

// `down`: names of links, separated by spaces.
inline std::shared_ptr<const Snapshot> network(const Config& config, const std::string& down) {
  auto snapshot = std::make_shared<Snapshot>(snapshot_of(config));
  for (LinkView& link : snapshot->links) {
    if ((' ' + down + ' ').find(' ' + link.name.text() + ' ') != std::string::npos) {
      set_up(*snapshot, link.name.text(), false);
    }
  }
  return snapshot;
}

}  // namespace itnxt::test
