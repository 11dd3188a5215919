#include "daemon/core/subject.hpp"

namespace itnxt {

std::optional<SubjectMetric> subject_metric(SubjectKind kind, std::string_view name) {
  for (const MetricOfSubject& m : kSubjectMetrics) {
    if (m.kind == kind && m.name == name) return m.metric;
  }
  return std::nullopt;
}

std::vector<std::string> metric_names(SubjectKind kind) {
  std::vector<std::string> names;
  for (const MetricOfSubject& m : kSubjectMetrics) {
    if (m.kind == kind) names.emplace_back(m.name);
  }
  return names;
}

std::vector<std::string> attribute_names(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::link:
      return {"link", "class", "site", "site_a", "site_b"};
    case SubjectKind::device:
      return {"device", "site"};
    case SubjectKind::interface:
      return {"interface", "device", "site", "link", "alias"};
    case SubjectKind::capture:
      return {"capture"};
    case SubjectKind::collector:
      return {"collector", "node"};
  }
  return {};
}

}  // namespace itnxt
