#include "daemon/state/ports.hpp"

#include <unordered_map>

namespace itnxt {

PortRows find_ports(const std::vector<LinkPort>& ports, const std::vector<RowTexts>& rows) {
  PortRows found(ports.size());
  if (ports.empty()) return found;
  using ByText = std::unordered_map<std::string_view, std::size_t>;
  ByText names;
  ByText descrs;
  ByText aliases;
  ByText links;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    names.emplace(rows[i].name, i);
    descrs.emplace(rows[i].descr, i);
    aliases.emplace(rows[i].alias, i);
    if (!rows[i].link.empty()) links.emplace(rows[i].link, i);
  }
  for (std::size_t p = 0; p < ports.size(); ++p) {
    for (const ByText* by : {&names, &descrs, &aliases}) {
      const auto row = by->find(ports[p].interface);
      if (row == by->end()) continue;
      found[p] = row->second;
      break;
    }
    if (found[p]) continue;
    const auto before = links.find(ports[p].link.text());
    if (before != links.end()) found[p] = before->second;
  }
  return found;
}

std::vector<bool> rows_of_ports(const PortRows& found, std::size_t count) {
  std::vector<bool> meant(count);
  for (const std::optional<std::size_t>& row : found) {
    if (row) meant[*row] = true;
  }
  return meant;
}

}  // namespace itnxt
