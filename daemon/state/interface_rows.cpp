#include "daemon/state/interface_rows.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "daemon/state/identity.hpp"
#include "daemon/state/row_texts.hpp"

namespace itnxt {
namespace {

// A device may let go of all its ports in each poll.
constexpr std::size_t kMostResting = 100'000;

bool by_index(const WantedRow& a, const WantedRow& b) {
  return a.if_index < b.if_index;
}

std::vector<WantedRow> told_rows(const DeviceSample& sample) {
  std::vector<WantedRow> rows;
  rows.reserve(sample.interfaces.size());
  for (const InterfaceSample& one : sample.interfaces) {
    WantedRow row;
    row.sample = &one;
    row.if_index = one.if_index;
    row.called = base_name(one);
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

// One ledger in the making.
class Clerk {
 public:
  Clerk(const DeviceSample& sample, const std::vector<InterfaceView>& old,
        const std::vector<InterfaceState>& states, const Completeness& completeness,
        const LedgerTerms& terms)
      : sample_(sample),
        old_(old),
        states_(states),
        completeness_(completeness),
        terms_(terms),
        told_(told_rows(sample)) {}

  Ledger make() {
    made_.told = told_.size();
    whole_ = completeness_.is_whole(sample_, told_.size());
    if (!whole_) remember_hidden();
    match();
    believed_ = completeness_.believes(sample_, told_.size(), terms_.restarted);
    for (std::size_t r = 0; r < told_.size(); ++r) {
      if (!matching_.row_in_doubt[r]) indexes_.insert(told_[r].if_index);
    }
    made_.settled = sample_.complete;
    for (const RestingName& one : terms_.resting) {
      if (terms_.now <= one.until && made_.resting.size() < kMostResting) {
        made_.resting.push_back(one);
      }
    }
    for (std::size_t p = 0; p < old_.size(); ++p) keep_or_drop(p);
    name_all();
    note_what_changed();
    for (std::size_t r = 0; r < told_.size(); ++r) {
      if (matching_.row_in_doubt[r] || told_[r].name.empty()) {
        made_.hidden.emplace_back(told_[r].called, told_[r].if_index);
      } else {
        made_.rows.push_back(std::move(told_[r]));
      }
    }
    for (WantedRow& row : kept_) made_.rows.push_back(std::move(row));
    std::ranges::sort(made_.hidden);
    std::sort(made_.rows.begin(), made_.rows.end(), by_index);
    return std::move(made_);
  }

 private:
  // What this walk did not come to.
  void remember_hidden() {
    for (const Stranger& one : terms_.hidden) {
      const auto told = std::ranges::lower_bound(told_, one.if_index, {}, &WantedRow::if_index);
      if (told == told_.end() || told->if_index != one.if_index) made_.hidden.push_back(one);
    }
  }

  void match() {
    std::vector<PortTraits> ports;
    std::vector<PortTraits> rows;
    ports.reserve(old_.size());
    rows.reserve(told_.size());
    for (std::size_t p = 0; p < old_.size(); ++p) {
      const InterfaceView& view = old_[p];
      ports.push_back({view.if_index, called(view, states_[p]), view.alias, view.phys_address});
    }
    for (const WantedRow& row : told_) {
      rows.push_back({row.if_index, row.called, row.sample->if_alias, row.sample->phys_address});
    }
    MatchTerms how;
    how.restarted = terms_.restarted;
    how.complete = sample_.complete;
    how.strangers = made_.hidden;
    matching_ = match_ports(ports, rows, how);
    made_.question = whole_ ? matching_.question : terms_.question;
    if (matching_.question != 0 && whole_ && matching_.question == terms_.question) {
      how.decide = decided_ = true;
      matching_ = match_ports(ports, rows, how);
      made_.question = 0;
    }
    for (std::size_t r = 0; r < told_.size(); ++r) {
      const std::uint32_t port = matching_.port_of_row[r];
      if (port == Matching::kNone) continue;
      told_[r].old = port;
      // Without a restart an ifIndex is for life: under another one it was taken away and made
      // anew.
      told_[r].comparable = !matching_.replaced[r] && !states_[port].in_doubt &&
                            old_[port].if_index == told_[r].if_index &&
                            called(old_[port], states_[port]) == told_[r].called;
    }
  }

  // What this poll did not tell of.
  void keep_or_drop(std::size_t p) {
    if (matching_.row_of_port[p] != Matching::kNone) return;
    const bool in_doubt = matching_.port_in_doubt[p];
    const bool ousted = indexes_.contains(old_[p].if_index);
    const bool was_in_doubt = in_doubt || states_[p].in_doubt;
    const bool tied = decided_ && was_in_doubt;
    if (ousted || tied || (believed_ && !in_doubt)) {
      const Instant until = was_in_doubt ? states_[p].seen + terms_.stale : terms_.now;
      made_.resting.push_back({old_[p].identity->name.text(), until});
      note(PortChange::disappeared, old_[p].identity->name.text(), index_text(old_[p].if_index),
           {});
      return;
    }
    made_.settled = false;
    if (in_doubt && !states_[p].in_doubt) {
      note(PortChange::ambiguous, old_[p].identity->name.text(), index_text(old_[p].if_index), {});
    }
    WantedRow row;
    row.if_index = old_[p].if_index;
    row.called = called(old_[p], states_[p]);
    row.name = old_[p].identity->name.text();
    row.old = p;
    row.in_doubt = was_in_doubt;
    kept_.push_back(std::move(row));
  }

  void name_all() {
    std::unordered_map<std::string_view, std::size_t> living;  // by the name it had
    for (const WantedRow& row : kept_) living.emplace(row.name, *row.old);
    std::vector<std::string_view> all_called;
    all_called.reserve(told_.size());
    for (std::size_t r = 0; r < told_.size(); ++r) {
      if (matching_.row_in_doubt[r]) continue;
      all_called.push_back(told_[r].called);
      if (told_[r].old) living.emplace(old_[*told_[r].old].identity->name.text(), *told_[r].old);
    }
    NameGiver names(all_called);
    for (const WantedRow& row : kept_) names.keep(row.name);
    for (const RestingName& one : made_.resting) {
      if (one.until > terms_.now) {
        names.rest(one.name);
      } else {
        names.rest_for_new(one.name);
      }
    }
    std::vector<WantedRow*> nameless;
    for (std::size_t r = 0; r < told_.size(); ++r) {
      WantedRow& row = told_[r];
      if (matching_.row_in_doubt[r]) continue;
      if (row.old) {
        const auto bearer = living.find(row.called);
        const bool renamed = called(old_[*row.old], states_[*row.old]) != row.called;
        const bool free = bearer == living.end() || bearer->second == *row.old;
        if (!renamed || !free || names.rests(row.called)) {
          row.name = old_[*row.old].identity->name.text();
          names.keep(row.name);
          continue;
        }
      }
      nameless.push_back(&row);
    }
    for (WantedRow* row : nameless) {
      row->name = names.give(row->called, !row->old).value_or(std::string());  // none: it waits
    }
  }

  void note_what_changed() {
    std::unordered_map<std::uint32_t, std::size_t> port_at;
    std::unordered_map<std::string_view, std::size_t> port_called;
    for (std::size_t p = 0; p < old_.size(); ++p) {
      port_at.emplace(old_[p].if_index, p);
      port_called.emplace(called(old_[p], states_[p]), p);
    }
    for (std::size_t r = 0; r < told_.size(); ++r) {
      const WantedRow& row = told_[r];
      if (!row.old) continue;
      const InterfaceView& port = old_[*row.old];
      const std::string_view before = called(port, states_[*row.old]);
      const bool other_index = port.if_index != row.if_index;
      const bool other_name = before != row.called;
      if (other_index) {
        const WantedRow* with = row_of(port_at, row.if_index);
        const bool exchanged = with != nullptr && with->if_index == port.if_index;
        if (exchanged) {
          if (with > &row) note_swap(row, *with);
        } else {
          note(PortChange::renumbered, row.name, index_text(port.if_index),
               index_text(row.if_index));
        }
      }
      if (other_name) {
        const WantedRow* with = row_of(port_called, row.called);
        const bool exchanged = with != nullptr && with->called == before;
        if (!exchanged) {
          note(PortChange::moved, row.name, before, row.called);
        } else if (with > &row && !other_index) {
          note_swap(row, *with);
        }
      }
      if (matching_.replaced[r]) {
        note(PortChange::replaced, row.name, port.phys_address.text(),
             row.sample->phys_address.text());
      }
    }
  }

  // The row that goes on with the port that the map has under `key`.
  template <class Map, class Key>
  const WantedRow* row_of(const Map& ports, const Key& key) const {
    const auto port = ports.find(key);
    if (port == ports.end()) return nullptr;
    const std::uint32_t row = matching_.row_of_port[port->second];
    return row == Matching::kNone ? nullptr : &told_[row];
  }

  void note_swap(const WantedRow& row, const WantedRow& with) {
    note(PortChange::swapped, row.name, row.name, with.name);
  }
  void note(PortChange change, const std::string& port, std::string_view from,
            std::string_view to) {
    if (!made_.changes.has_room()) return made_.changes.add_untold(change);
    made_.changes.add({change, terms_.device, InterfaceName(port), std::string(from),
                       std::string(to), terms_.now});
  }
  const DeviceSample& sample_;
  const std::vector<InterfaceView>& old_;
  const std::vector<InterfaceState>& states_;
  const Completeness& completeness_;
  const LedgerTerms& terms_;
  std::vector<WantedRow> told_;
  std::vector<WantedRow> kept_;
  Matching matching_;
  std::unordered_set<std::uint32_t> indexes_;  // of the rows that are not in doubt
  bool whole_ = false;
  bool believed_ = false;
  bool decided_ = false;
  Ledger made_;
};

}  // namespace

Ledger make_ledger(const DeviceSample& sample, const std::vector<InterfaceView>& old,
                   const std::vector<InterfaceState>& states, const Completeness& completeness,
                   const LedgerTerms& terms) {
  return Clerk(sample, old, states, completeness, terms).make();
}

}  // namespace itnxt
