#include "daemon/state/interface_rows.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "daemon/state/identity.hpp"

namespace itnxt {
namespace {

bool by_index(const WantedRow& a, const WantedRow& b) {
  return a.if_index < b.if_index;
}

std::string_view base_of(const InterfaceView& view, const InterfaceState& state) {
  return std::string_view(view.identity->name.text()).substr(0, state.base_name_length);
}

std::vector<WantedRow> told_rows(const DeviceSample& sample) {
  std::vector<WantedRow> rows;
  rows.reserve(sample.interfaces.size());
  for (const InterfaceSample& one : sample.interfaces) {
    WantedRow row;
    row.sample = &one;
    row.if_index = one.if_index;
    row.base = base_name(one);
    rows.push_back(std::move(row));
  }
  if (!std::is_sorted(rows.begin(), rows.end(), by_index)) {
    std::stable_sort(rows.begin(), rows.end(), by_index);
  }
  // An agent that tells one row twice: the first counts.
  const auto same = [](const WantedRow& a, const WantedRow& b) { return a.if_index == b.if_index; };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  return rows;
}

bool same_layout(const std::vector<WantedRow>& rows, const std::vector<InterfaceView>& old,
                 const std::vector<InterfaceState>& states) {
  if (rows.size() != old.size()) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].if_index != old[i].if_index) return false;
    if (rows[i].base != base_of(old[i], states[i])) return false;
  }
  return true;
}

bool same_texts(const std::vector<WantedRow>& rows, const std::vector<InterfaceView>& old) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const InterfaceSample* told = rows[i].sample;
    if (told == nullptr) continue;
    if (told->if_descr != old[i].descr || told->if_alias != old[i].alias) return false;
  }
  return true;
}

// What a partial poll did not tell stays, unless it told the same name at an index where that was
// not before: then the interface moved there.
void keep_untold(std::vector<WantedRow>& rows, const std::vector<InterfaceView>& old,
                 const std::vector<InterfaceState>& states) {
  std::unordered_map<std::uint32_t, std::string_view> before;
  for (std::size_t i = 0; i < old.size(); ++i) {
    before.emplace(old[i].if_index, base_of(old[i], states[i]));
  }
  std::unordered_set<std::uint32_t> told;
  std::unordered_set<std::string> moved;
  for (const WantedRow& row : rows) {
    told.insert(row.if_index);
    const auto found = before.find(row.if_index);
    if (found == before.end() || found->second != row.base) moved.insert(row.base);
  }
  for (std::size_t i = 0; i < old.size(); ++i) {
    WantedRow row;
    row.if_index = old[i].if_index;
    row.base = std::string(base_of(old[i], states[i]));
    row.old = i;
    if (!told.contains(row.if_index) && !moved.contains(row.base)) rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), by_index);
}

}  // namespace

std::vector<WantedRow> wanted_rows(const DeviceSample& sample,
                                   const std::vector<InterfaceView>& old,
                                   const std::vector<InterfaceState>& states) {
  std::vector<WantedRow> rows = told_rows(sample);
  if (!sample.complete && !same_layout(rows, old, states)) keep_untold(rows, old, states);
  return rows;
}

bool continue_rows(std::vector<WantedRow>& rows, const std::vector<InterfaceView>& old,
                   const std::vector<InterfaceState>& states) {
  if (same_layout(rows, old, states)) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].old = i;
    return same_texts(rows, old);
  }
  std::unordered_map<std::string_view, std::size_t> by_name;
  std::unordered_map<std::string_view, int> alike;  // how many shared a base before
  for (std::size_t i = 0; i < old.size(); ++i) {
    by_name.emplace(old[i].identity->name.text(), i);
    ++alike[base_of(old[i], states[i])];
  }
  std::vector<std::string> bases;
  bases.reserve(rows.size());
  for (const WantedRow& row : rows) bases.push_back(row.base);
  std::unordered_map<std::string_view, int> alike_now;
  for (const std::string& base : bases) ++alike_now[base];
  std::vector<std::string> names = distinct_names(bases);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    WantedRow& row = rows[i];
    const auto found = by_name.find(names[i]);
    row.name = std::move(names[i]);
    if (row.sample == nullptr) continue;  // it is what it was, if under another number
    if (found == by_name.end()) {
      row.old.reset();
      continue;
    }
    row.old = found->second;
    // With two of one name, only the index tells which is which.
    row.comparable = old[*row.old].if_index == row.if_index ||
                     (alike_now[row.base] == 1 && alike[row.base] == 1);
  }
  return false;
}

RowTexts texts_of(const InterfaceView& view) {
  return {view.identity->name.text(), view.descr, view.alias};
}

std::vector<RowTexts> texts_of(const std::vector<WantedRow>& rows,
                               const std::vector<InterfaceView>& old) {
  std::vector<RowTexts> texts;
  texts.reserve(rows.size());
  for (const WantedRow& row : rows) {
    RowTexts one = row.old ? texts_of(old[*row.old]) : RowTexts{};
    if (!row.name.empty()) one.name = row.name;
    if (row.sample != nullptr) {
      one.descr = row.sample->if_descr;
      one.alias = row.sample->if_alias;
    }
    texts.push_back(one);
  }
  return texts;
}

}  // namespace itnxt
