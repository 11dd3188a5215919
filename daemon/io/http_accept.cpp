#include "daemon/io/http_accept.hpp"

#include <algorithm>
#include <optional>

namespace itnxt {
namespace {

constexpr std::size_t kMostElements = 64;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes what stands before `separator` off the front of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trim(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// A weight in thousandths: "0.5" is 500. What is no qvalue weighs nothing.
int weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  int sum = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int digit = 100;
  for (std::size_t i = 2; i < text.size(); ++i, digit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 0;
    sum += (text[i] - '0') * digit;
  }
  return std::min(sum, 1000);
}

struct Element {
  std::string_view name;
  std::string_view version;
  int weight = 1000;
};

Element parse(std::string_view text) {
  Element element;
  element.name = take(text, ';');
  while (!text.empty()) {
    std::string_view parameter = take(text, ';');
    const std::string_view key = take(parameter, '=');
    std::string_view value = trim(parameter);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (same(key, "q")) element.weight = weight(value);
    if (same(key, "version")) element.version = value;
  }
  return element;
}

template <class Visit>
void each(std::string_view header, Visit visit) {
  for (std::size_t i = 0; i < kMostElements && !header.empty(); ++i) {
    const Element element = parse(take(header, ','));
    if (!element.name.empty()) visit(element);
  }
}

}  // namespace

MetricsFormat metrics_format(std::string_view accept) {
  std::optional<int> open;
  std::optional<int> text;
  std::optional<int> any_text;
  int anything = 0;
  each(accept, [&](const Element& e) {
    if (same(e.name, "application/openmetrics-text") &&
        (e.version.empty() || e.version == "1.0.0")) {
      open = std::max(open.value_or(0), e.weight);
    } else if (same(e.name, "text/plain") && (e.version.empty() || e.version == "0.0.4")) {
      text = std::max(text.value_or(0), e.weight);
    } else if (same(e.name, "text/*")) {
      any_text = e.weight;
    } else if (same(e.name, "*/*")) {
      anything = e.weight;
    }
  });
  const int plain = text.value_or(any_text.value_or(anything));
  return open.value_or(0) > plain ? MetricsFormat::open_metrics_1_0 : MetricsFormat::text_0_0_4;
}

bool takes_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  int anything = 0;
  each(accept_encoding, [&](const Element& e) {
    if (same(e.name, "gzip") || same(e.name, "x-gzip")) gzip = e.weight;
    if (e.name == "*") anything = e.weight;
  });
  return gzip.value_or(anything) > 0;
}

}  // namespace itnxt
