// Rules and the crisis.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

std::optional<double> read_threshold(const Object& when, std::string_view key) {
  double value = 0;
  constexpr double kMost = std::numeric_limits<double>::max();
  if (!when.number(key, value, -kMost, kMost)) return std::nullopt;
  return value;
}

void check_thresholds(const Object& when, const Rule& rule) {
  Problems& problems = when.problems();
  if (when.has("above") == when.has("below")) {
    problems.error(when.value(), "when: expected exactly one of above and below");
    return;
  }
  if (when.has("above") && when.has("clear_above")) {
    problems.error(*when.key("clear_above"), "clear_above goes with below; expected clear_below");
  }
  if (when.has("below") && when.has("clear_below")) {
    problems.error(*when.key("clear_below"), "clear_below goes with above; expected clear_above");
  }
  if (rule.above && rule.clear_below && *rule.clear_below > *rule.above) {
    problems.error(*when.find("clear_below"),
                   fmt::format("clear_below: expected at most {} (above), not {}",
                               to_text(*rule.above), to_text(*rule.clear_below)));
  }
  if (rule.below && rule.clear_above && *rule.clear_above < *rule.below) {
    problems.error(*when.find("clear_above"),
                   fmt::format("clear_above: expected at least {} (below), not {}",
                               to_text(*rule.below), to_text(*rule.clear_above)));
  }
  const std::optional<double> limit = rule.above ? rule.above : rule.below;
  if (rule.metric == SubjectMetric::utilization_ratio && limit && *limit > 1) {
    problems.warning(
        *when.find(rule.above ? "above" : "below"),
        fmt::format("{} is more than full; utilization_ratio goes from 0 to 1", to_text(*limit)));
  }
}

void read_when(Draft& draft, const Value& value, bool subject_is_known, Rule& rule) {
  const Object when(draft.problems, value, schema::when);
  if (!when.is_map()) return;
  if (const Value* metric = when.find("metric"); metric != nullptr && subject_is_known) {
    const auto text = scalar_text(draft.problems, *metric, "metric");
    const auto found = text ? subject_metric(rule.on, *text) : std::nullopt;
    if (found) rule.metric = *found;
    if (text && !found) {
      draft.problems.error(*metric,
                           fmt::format("metric: {} has no {}{}", name(rule.on), in_quotes(*text),
                                       hint(draft.problems, *text, metric_names(rule.on))));
    }
  }
  rule.above = read_threshold(when, "above");
  rule.below = read_threshold(when, "below");
  rule.clear_above = read_threshold(when, "clear_above");
  rule.clear_below = read_threshold(when, "clear_below");
  check_thresholds(when, rule);
}

// A value that nothing bears: for a closed set an error, for names of the inventory a warning,
// because a collector may bring devices that this file does not name.
void check_attribute(Draft& draft, std::string_view attribute, const Value& at,
                     const std::string& value) {
  if (attribute == "class") {
    const std::vector<std::string> known(kLinkClassNames.begin(), kLinkClassNames.end());
    if (std::find(known.begin(), known.end(), value) != known.end()) return;
    draft.problems.error(at, fmt::format("class: unknown {}{}", in_quotes(value),
                                         hint(draft.problems, value, known)));
    return;
  }
  NameTable* table = nullptr;
  if (attribute == "link") table = &draft.links;
  if (attribute == "device") table = &draft.devices;
  if (attribute == "site" || attribute == "site_a" || attribute == "site_b") table = &draft.sites;
  if (table == nullptr || value.empty() || table->look_up(value) != nullptr) return;
  draft.problems.warning(at,
                         fmt::format("{}: {}", attribute, table->unknown(draft.problems, value)));
}

void read_where(Draft& draft, const Value& where, Rule& rule) {
  if (where.is_null()) return;
  if (!where.is_map()) {
    draft.problems.error(
        where, fmt::format("where: expected a map of attributes, not {}", kind_of(where)));
    return;
  }
  const std::vector<std::string> known = attribute_names(rule.on);
  for (std::size_t i = 0; i < where.entries(); ++i) {
    const Value& key = where.key(i);
    if (!key.is_scalar()) continue;  // reported with the document
    const std::string attribute(key.text.substr(0, 64));
    if (std::find(known.begin(), known.end(), attribute) == known.end()) {
      draft.problems.error(
          key, fmt::format("where: {} has no attribute {}{}", name(rule.on), in_quotes(key.text),
                           hint(draft.problems, key.text, known)));
      continue;
    }
    const auto text = scalar_text(draft.problems, where.value(i), attribute);
    if (!text) continue;
    check_attribute(draft, attribute, where.value(i), std::string(*text));
    rule.where.emplace(attribute, *text);
  }
}

void read_rule(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::rule);
  if (!object.is_map()) return;
  Rule rule;
  if (const Value* v = object.find("alert")) {
    const auto alert = clean_name(draft.problems, *v, "alert");
    if (alert == kCrisisAlert) {
      draft.problems.error(*v, "alert: 'Crisis' is the name of the crisis page; expected another");
    }
    if (alert) draft.alerts.add(draft.problems, *alert, *v, draft.config.rules.size());
    rule.alert = alert.value_or("");
  }
  const bool subject_is_known = object.choice("on", rule.on, kSubjectKindNames);
  if (const Value* when = object.find("when")) read_when(draft, *when, subject_is_known, rule);
  object.duration("for", rule.hold, 0s, 24h * 30);
  object.choice("severity", rule.severity, kAlertSeverityNames);
  const Value* where = object.find("where");
  if (where != nullptr && subject_is_known) read_where(draft, *where, rule);
  if (object.text("runbook_url", rule.runbook_url, 2048)) {
    const auto url = parse_http_url(rule.runbook_url);
    if (!url) draft.problems.error(*object.find("runbook_url"), "runbook_url: " + url.error());
  }
  draft.config.rules.push_back(std::move(rule));
}

}  // namespace

void read_rules(Draft& draft, const Value& rules) {
  for (const Value* item : list_items(draft.problems, rules, "rules", "maps")) {
    read_rule(draft, *item);
  }
}

void read_crisis(Draft& draft, const Value& crisis) {
  const Object object(draft.problems, crisis, schema::crisis);
  if (!object.is_map()) return;
  CrisisConfig config;
  object.duration("recover_after", config.recover_after, 0s, 24h);
  object.duration("hold", config.hold, 0s, 1min);
  if (const Value* value = object.find("declare")) {
    const Object declare(draft.problems, *value, schema::declare);
    if (!declare.is_map()) return;
    double share = 0;
    std::uint32_t sites = 0;
    if (declare.number("isolated_weight_share", share, 0.001, 1)) {
      config.isolated_weight_share = share;
    }
    if (declare.integer("min_sites", sites, 1, 1'000'000)) config.min_sites = sites;
    declare.duration("within", config.within, 1s, 24h);
    if (!declare.has("isolated_weight_share") && !declare.has("min_sites")) {
      draft.problems.error(*value,
                           "declare: no condition; expected isolated_weight_share, "
                           "min_sites or both");
    }
  }
  if (draft.config.inventory.sites.empty()) {
    draft.problems.warning(crisis, "crisis: it counts sites, and inventory.sites has none");
  }
  draft.config.crisis = config;
}

}  // namespace itnxt
