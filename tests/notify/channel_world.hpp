// A channel on a loop and an HTTP that the test moves, and something to deliver.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/notify/channels.hpp"
#include "tests/alert/build.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"

namespace itnxt::test {

inline Delivery sample_delivery(const std::string& incident = "0123456789abcdef") {
  Delivery d;
  d.incident = incident;
  d.channel = ChannelName("ops-hook");
  d.page.alert = "LinkDown";
  d.page.subject = "link md-hal-1";
  d.page.severity = AlertSeverity::critical;
  d.page.sites = {SiteName("magdeburg"), SiteName("halle")};
  d.page.labels = {
      {"alertname", "LinkDown"}, {"severity", "critical"}, {"subject", "link md-hal-1"}};
  d.page.annotations = {{"summary", "Link md-hal-1 is down."}, {"description", "Since \"now\"."}};
  d.page.since = wall_at(0s);
  return d;
}

inline Delivery ended(Delivery d, Duration after = 60s) {
  d.close = d.page;
  d.close->annotations["summary"] = "Link md-hal-1 is up again.";
  d.ended = wall_at(after);
  return d;
}

// A webhook or Alertmanager channel on a loop and an HTTP that the test moves.
struct ChannelWorld {
  FakeLoop loop{wall_at(0s)};
  RecordingLog log;
  FakeHttp http;
  std::vector<std::pair<std::string, Progress>> reports;
  std::unique_ptr<Notifier> notifier;

  explicit ChannelWorld(std::variant<AlertmanagerChannel, WebhookChannel> kind) {
    NotifierContext context{loop, log, http, "http://itnxt/",
                            [this](const std::string& incident, Progress progress) {
                              reports.emplace_back(incident, progress);
                            }};
    notifier = make_notifier({ChannelName("ops-hook"), std::move(kind)}, context, {});
  }
  void put(const Delivery& delivery) {
    notifier->put(delivery);
    loop.run_ready();
  }
  [[nodiscard]] std::vector<std::string> reported() const {
    static constexpr std::array kNames = {"none", "page", "closed", "refused", "given up"};
    std::vector<std::string> lines;
    for (const auto& [incident, progress] : reports) {
      lines.push_back(incident + ' ' + kNames[static_cast<std::size_t>(progress)]);
    }
    return lines;
  }
};

}  // namespace itnxt::test
