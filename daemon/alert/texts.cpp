#include "daemon/alert/texts.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace itnxt {
namespace {

constexpr std::size_t kMaxSitesInText = 20;

void add_label(Labels& labels, const char* key, const std::string& value) {
  if (!value.empty()) labels[key] = value;
}

void add_site(std::vector<SiteName>& sites, const SiteName& site) {
  if (!site.empty() && std::find(sites.begin(), sites.end(), site) == sites.end()) {
    sites.push_back(site);
  }
}

std::string end_text(const LinkEndView& end) {
  const char* state = !end.up ? "unknown" : (*end.up ? "up" : "down");
  std::string text = end.device.text() + ' ' + end.interface;
  if (!end.site.empty()) text += " at " + end.site.text();
  return text + " (" + state + ')';
}

std::string metric_name(const Rule& rule) {
  for (const MetricOfSubject& m : kSubjectMetrics) {
    if (m.kind == rule.on && m.metric == rule.metric) return std::string(m.name);
  }
  return "value";
}

// The rule says that something that should be up is not.
bool is_down_rule(const Rule& rule) {
  return (rule.metric == SubjectMetric::up || rule.metric == SubjectMetric::admin_up) &&
         rule.below.has_value();
}

// Without milliseconds: nobody is told the time so exactly at night.
std::string minute_text(WallTime t) {
  return to_rfc3339(t).substr(0, 19) + 'Z';
}

std::string lasted(WallTime since, WallTime until) {
  return to_text(
      std::chrono::floor<std::chrono::seconds>(std::max(Duration::zero(), until - since)));
}

std::string down_word(const Rule& rule) {
  return rule.metric == SubjectMetric::admin_up ? "administratively down" : "down";
}

std::string up_word(const Rule& rule) {
  return rule.metric == SubjectMetric::admin_up ? "administratively up" : "up";
}

std::string bad_sentence(const Rule& rule, const SubjectText& who, double value) {
  if (is_down_rule(rule)) return who.noun + " is " + down_word(rule) + '.';
  const bool below = rule.below.has_value();
  return who.noun + ": " + metric_name(rule) + " is " + number_text(value) +
         (below ? ", below the threshold " : ", above the threshold ") +
         number_text(below ? *rule.below : rule.above.value_or(0)) + '.';
}

std::string sites_sentence(const std::vector<SiteName>& sites) {
  if (sites.empty()) return "";
  return (sites.size() == 1 ? " Site: " : " Sites: ") + bounded_list(sites, kMaxSitesInText) + '.';
}

}  // namespace

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

std::string bounded_list(const std::vector<SiteName>& names, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) {
    if (i > 0) text += ", ";
    text += names[i].text();
  }
  if (names.size() > most) text += " … and " + std::to_string(names.size() - most) + " more";
  return text;
}

SubjectText describe(const LinkView& link) {
  SubjectText who;
  who.subject = "link " + link.name.text();
  who.noun = "Link " + link.name.text();
  add_site(who.sites, link.a.site);
  if (link.b) add_site(who.sites, link.b->site);
  add_label(who.labels, "link", link.name.text());
  add_label(who.labels, "class",
            std::string(kLinkClassNames[static_cast<std::size_t>(link.link_class)]));
  add_label(who.labels, "site_a", link.a.site.text());
  if (link.b) add_label(who.labels, "site_b", link.b->site.text());
  // One `site` only where there is one: a link between two sites belongs to neither.
  if (who.sites.size() == 1) add_label(who.labels, "site", who.sites.front().text());
  who.details = " Ends: " + end_text(link.a) + (link.b ? ", " + end_text(*link.b) : "") + '.';
  return who;
}

SubjectText describe(const DeviceView& device) {
  SubjectText who;
  who.subject = "device " + device.name.text();
  who.noun = "Device " + device.name.text();
  add_site(who.sites, device.site);
  add_label(who.labels, "device", device.name.text());
  add_label(who.labels, "site", device.site.text());
  if (!device.problem.empty()) who.details = " Last poll: " + device.problem + '.';
  return who;
}

SubjectText describe(const DeviceView& device, const InterfaceView& interface) {
  const std::string& port = interface.identity->name.text();
  SubjectText who;
  who.subject = "interface " + device.name.text() + ' ' + port;
  who.noun = "Interface " + device.name.text() + ' ' + port;
  add_site(who.sites, device.site);
  add_label(who.labels, "device", device.name.text());
  add_label(who.labels, "interface", port);
  add_label(who.labels, "site", device.site.text());
  add_label(who.labels, "link", interface.link.text());
  add_label(who.labels, "alias", interface.alias);
  if (!interface.alias.empty()) who.details += " Alias: " + interface.alias + '.';
  if (!interface.link.empty()) who.details += " Link: " + interface.link.text() + '.';
  return who;
}

SubjectText describe(const CaptureView& capture) {
  SubjectText who;
  const std::string& tap = capture.sample.capture.text();
  who.subject = "capture " + capture.node.text() + ' ' + tap;
  who.noun = "Capture " + tap + " on " + capture.node.text();
  add_label(who.labels, "capture", tap);
  add_label(who.labels, "node", capture.node.text());
  if (!capture.sample.source.empty()) who.details = " Source: " + capture.sample.source + '.';
  return who;
}

SubjectText describe(const CollectorView& collector) {
  SubjectText who;
  who.subject = "collector " + collector.node.text() + ' ' + collector.collector.text();
  who.noun = "Collector " + collector.collector.text() + " on " + collector.node.text();
  add_label(who.labels, "collector", collector.collector.text());
  add_label(who.labels, "node", collector.node.text());
  who.details = " Last batch: " + minute_text(collector.last_batch) + '.';
  return who;
}

Alert make_alert(const Rule& rule, const SubjectText& who, WallTime since) {
  Alert alert;
  alert.alert = rule.alert;
  alert.subject = who.subject;
  alert.severity = rule.severity;
  alert.sites = who.sites;
  alert.labels = who.labels;
  alert.labels["alertname"] = rule.alert;
  alert.labels["severity"] = std::string(name(rule.severity));
  alert.labels["subject"] = who.subject;
  alert.since = since;
  return alert;
}

void write_firing(Alert& alert, const Rule& rule, const SubjectText& who, double value,
                  WallTime wall, bool flapping) {
  const std::string what = bad_sentence(rule, who, value);
  std::string text = what + " Since " + minute_text(alert.since);
  if (wall - alert.since >= 1s) text += " (" + lasted(alert.since, wall) + ')';
  text += '.' + who.details + sites_sentence(alert.sites);
  if (is_down_rule(rule)) {
    text += " Rule: " + metric_name(rule) + " = " + number_text(value) + ", below " +
            number_text(*rule.below) + '.';
  }
  if (flapping) text += " It keeps coming back: the close waits until it stays well.";
  alert.annotations = {{"summary", what}, {"description", text}};
  if (!rule.runbook_url.empty()) alert.annotations["runbook_url"] = rule.runbook_url;
}

void write_resolved(Alert& alert, const Rule& rule, const SubjectText& who, double value,
                    WallTime wall) {
  const std::string what = is_down_rule(rule) ? who.noun + " is " + up_word(rule) + " again."
                                              : who.noun + ": " + metric_name(rule) +
                                                    " is back at " + number_text(value) + '.';
  alert.annotations["summary"] = what;
  alert.annotations["description"] = what + " It lasted " + lasted(alert.since, wall) + ", from " +
                                     minute_text(alert.since) + " to " + minute_text(wall) + '.' +
                                     who.details + sites_sentence(alert.sites);
}

void write_removed(Alert& alert, const std::string& reason, WallTime wall) {
  const std::string what = alert.alert + " for " + alert.subject + " ended: " + reason + '.';
  alert.annotations["summary"] = what;
  alert.annotations["description"] = what + " It was active since " + minute_text(alert.since) +
                                     "; nothing is known of a recovery. Ended at " +
                                     minute_text(wall) + '.';
}

void write_late(Alert& alert, WallTime ended) {
  alert.annotations["summary"] += " It is over already.";
  alert.annotations["description"] +=
      " It was over at " + minute_text(ended) + ", before this message could be delivered.";
}

}  // namespace itnxt
