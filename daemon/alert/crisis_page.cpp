#include "daemon/alert/crisis_page.hpp"

#include <cmath>

#include "daemon/alert/texts.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMaxSites = 50;
constexpr std::size_t kMaxFolded = 20;

std::string time_text(WallTime t) {
  return to_rfc3339(t).substr(0, 19) + 'Z';
}

std::string count_of_sites(std::size_t n) {
  return std::to_string(n) + (n == 1 ? " site" : " sites");
}

std::string who(const CrisisVerdict& crisis) {
  if (!crisis.everywhere) return count_of_sites(crisis.told.size()) + " isolated";
  return "all " + std::to_string(crisis.told.size()) + " sites with links isolated";
}

// "1 with every link down, 2 not answering": only what there is.
std::string by_evidence(const IsolatedSites& now) {
  std::string text;
  const auto add = [&](std::size_t n, const char* what) {
    if (n > 0) text += (text.empty() ? "" : ", ") + std::to_string(n) + what;
  };
  add(now.down, " with every link down");
  add(now.silent, " not answering");
  add(now.count - now.down - now.silent, " unknown now");
  return text;
}

std::string how_many(const CrisisVerdict& crisis) {
  const std::size_t now = crisis.now.count;
  if (now == 0) return ", none of them now.";
  std::string text = now == crisis.told.size() ? "" : ", " + std::to_string(now) + " of them now";
  text += " (" + number_text(std::round(crisis.weight_share * 1000) / 10) +
          " % of the weight of all sites): " + by_evidence(crisis.now) + '.';
  if (crisis.everywhere && crisis.now.silent == now) {
    text += " No site answers: make sure first that the monitoring itself is not cut off.";
  }
  return text;
}

std::string sites_text(const std::vector<SiteName>& sites) {
  return " Sites: " + bounded_list(sites, kMaxSites) + '.';
}

std::string summary(const CrisisVerdict& crisis) {
  std::string text = "Crisis: " + who(crisis);
  if (crisis.now.count == 0) return text + ", none now.";
  return text + (crisis.everywhere ? "." : ", more may follow.");
}

// For receivers that get no updates.
std::string outlook(const CrisisVerdict& crisis) {
  const bool grows = !crisis.everywhere && crisis.now.count > 0;
  return grows ? " More may follow; the close gives the final number." : "";
}

std::string folded_text(const std::vector<std::string>& folded) {
  if (folded.empty()) return "";
  std::string text = " Alerts told here instead of paged: ";
  for (std::size_t i = 0; i < folded.size() && i < kMaxFolded; ++i) {
    text += (i == 0 ? "" : ", ") + folded[i];
  }
  if (folded.size() > kMaxFolded) {
    text += " … and " + std::to_string(folded.size() - kMaxFolded) + " more";
  }
  return text + '.';
}

}  // namespace

Alert crisis_alert(const CrisisVerdict& crisis, const std::vector<std::string>& folded) {
  Alert alert;
  alert.alert = kCrisisAlert;
  alert.subject = kCrisisSubject;
  alert.severity = AlertSeverity::critical;
  alert.sites = crisis.told;
  alert.since = crisis.declared;
  alert.labels = {{"alertname", alert.alert},
                  {"severity", std::string(name(alert.severity))},
                  {"subject", alert.subject}};
  alert.annotations["summary"] = summary(crisis);
  alert.annotations["description"] = "Crisis since " + time_text(crisis.declared) + ": " +
                                     who(crisis) + how_many(crisis) + sites_text(crisis.told) +
                                     outlook(crisis) + folded_text(folded);
  return alert;
}

void write_crisis_over(Alert& alert, const CrisisVerdict& crisis, WallTime wall) {
  const std::size_t left = crisis.now.count;
  std::string text = "Crisis over at " + time_text(wall) + ": ";
  text += crisis.ended_because.empty() ? "its state was lost with a damaged state file"
                                       : crisis.ended_because;
  const std::string were = count_of_sites(alert.sites.size()) +
                           (alert.sites.size() == 1 ? " was isolated" : " were isolated");
  text += ". " + were + ", ";
  if (left == 0) {
    text += "none is now.";
  } else {
    text += std::to_string(left) + (left == 1 ? " still is and is paged on its own now."
                                              : " still are and are paged on their own now.");
  }
  alert.annotations["summary"] = "Crisis over: " + were + '.';
  alert.annotations["description"] = text + sites_text(alert.sites);
}

}  // namespace itnxt
