#include <fmt/format.h>

#include <algorithm>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

Cell state(const Json& link) {
  const auto up = flag_of(link, "up");
  if (!up) return {"unknown", Tone::warning};
  return *up ? Cell{"up", Tone::good} : Cell{"down", Tone::bad};
}

Cell utilization(const Json& direction) {
  const auto ratio = number_of(direction, "utilization_ratio");
  const Tone tone = !ratio         ? Tone::faint
                    : *ratio > 0.9 ? Tone::bad
                    : *ratio > 0.7 ? Tone::warning
                                   : Tone::plain;
  return {percent(ratio), tone};
}

// "md-core-1 Te0/0/1", and whether this is the end that is down.
Cell end(const Json& side) {
  if (!side.is_object()) return {"-", Tone::faint};
  std::string text = fmt::format("{} {}", text_of(side, "device"), text_of(side, "interface"));
  const auto up = flag_of(side, "up");
  if (up == false) return {text + " (down)", Tone::bad};
  if (!up) return {text + " (unknown)", Tone::warning};
  return {std::move(text)};
}

// Down before unknown before up; among equals the busier direction decides.
std::pair<int, double> badness(const Json& link) {
  const auto up = flag_of(link, "up");
  double busiest = -1;
  for (const char* direction : {"a_to_b", "b_to_a"}) {
    const Json& side = child_of(link, direction);
    busiest = std::max(busiest, number_of(side, "utilization_ratio").value_or(-1));
  }
  return {up == false ? 2 : up ? 0 : 1, busiest};
}

}  // namespace

std::string links_table(const Json& links, const Style& style) {
  if (links.empty()) return "no links are configured\n";
  Table table({{"LINK"},
               {"STATE"},
               {"A → B", Align::right},
               {"UTIL", Align::right},
               {"B → A", Align::right},
               {"UTIL", Align::right},
               {"CAPACITY", Align::right},
               {"CLASS"},
               {"A"},
               {"B"}});
  for (const Json& link : links) {
    const Json& a_to_b = child_of(link, "a_to_b");
    const Json& b_to_a = child_of(link, "b_to_a");
    table.add({text_of(link, "name"), state(link), bit_rate(number_of(a_to_b, "bytes_per_second")),
               utilization(a_to_b), bit_rate(number_of(b_to_a, "bytes_per_second")),
               utilization(b_to_a), capacity(number_of(link, "capacity_bytes")),
               text_of(link, "class"), end(child_of(link, "a")), end(child_of(link, "b"))});
  }
  return table.render(style);
}

Json worst_first(const Json& links) {
  if (!links.is_array()) return Json::array();
  Json sorted = links;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Json& x, const Json& y) { return badness(x) > badness(y); });
  return sorted;
}

void run_links(Invocation& call) {
  answer(call, {"links"}, [](const std::vector<Json>& data, const Style& style) {
    return links_table(data[0], style);
  });
}

}  // namespace itnxt::ctl
