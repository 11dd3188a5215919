#include "daemon/state/match.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>
#include <utility>

namespace itnxt {
namespace {

constexpr int kNameWeight = 4;
constexpr int kAliasWeight = 3;
constexpr int kAddressWeight = 3;
constexpr int kCursorWeight = 1;
constexpr int kEnough = 4;
constexpr int kMargin = 2;
constexpr std::uint32_t kNone = Matching::kNone;

enum class Trait : std::uint8_t { name, alias, address };
constexpr std::array kTraits = {Trait::name, Trait::alias, Trait::address};

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a ^= b + 0x9E3779B97F4A7C15U + (a << 6U) + (a >> 2U);
  return a;
}

std::uint64_t hash_of(const PhysAddress& address) {
  const auto octets = address.octets();
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(octets.data()), octets.size()});
}

// 0: it does not say.
std::uint64_t hash_of(const PortTraits& one, Trait trait) {
  const std::hash<std::string_view> hash;
  switch (trait) {
    case Trait::name:
      return one.name.empty() ? 0 : hash(one.name) | 1U;
    case Trait::alias:
      return one.alias.empty() ? 0 : hash(one.alias) | 1U;
    case Trait::address:
      return one.address.tells_anything() ? hash_of(one.address) | 1U : 0;
  }
  return 0;
}

std::uint64_t hash_of(const PortTraits& one) {
  const std::hash<std::string_view> hash;
  return mix(mix(hash(one.name), hash(one.alias)), hash_of(one.address));
}

bool alike(const PortTraits& a, const PortTraits& b) {
  return a.name == b.name && a.alias == b.alias && a.address == b.address;
}

// A port or a row under a key.
struct Entry {
  std::uint64_t key;
  bool is_row;
  std::uint32_t if_index;
  std::uint32_t at;
  bool operator<(const Entry& other) const {
    return std::tie(key, is_row, if_index) < std::tie(other.key, other.is_row, other.if_index);
  }
};
using Entries = std::span<const Entry>;

// visit(ports, rows) for all of one key, each by ifIndex.
template <class Visit>
void each_group(std::vector<Entry>& entries, Visit visit) {
  std::sort(entries.begin(), entries.end());
  for (std::size_t first = 0; first < entries.size();) {
    std::size_t row = first;
    while (row < entries.size() && entries[row].key == entries[first].key && !entries[row].is_row) {
      ++row;
    }
    std::size_t end = row;
    while (end < entries.size() && entries[end].key == entries[first].key) ++end;
    visit(Entries(entries).subspan(first, row - first), Entries(entries).subspan(row, end - row));
    first = end;
  }
}

// The best two partners of a row or a port.
struct Best {
  std::uint32_t who = kNone;
  std::uint32_t next = kNone;
  int score = 0;
  int next_score = 0;
  void take(std::uint32_t one, int its_score) {
    if (one == who || one == next) return;
    if (its_score > score) {
      next = std::exchange(who, one);
      next_score = std::exchange(score, its_score);
    } else if (its_score > next_score) {
      next = one;
      next_score = its_score;
    }
  }
  [[nodiscard]] int lead() const { return score - next_score; }
};

class Matcher {
 public:
  Matcher(const std::vector<PortTraits>& ports, const std::vector<PortTraits>& rows,
          const MatchTerms& terms)
      : ports_(ports), rows_(rows), terms_(terms), margin_(terms.decide ? 1 : kMargin) {
    made_.port_of_row.assign(rows.size(), kNone);
    made_.row_of_port.assign(ports.size(), kNone);
    made_.row_in_doubt.assign(rows.size(), false);
    made_.port_in_doubt.assign(ports.size(), false);
    made_.replaced.assign(rows.size(), false);
  }

  Matching match() {
    match_alike();
    if (paired_ < std::min(ports_.size(), rows_.size())) match_by_weight();
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (!made_.row_in_doubt[r]) continue;
      made_.question = mix(mix(made_.question, hash_of(rows_[r])), rows_[r].if_index) | 1U;
    }
    return std::move(made_);
  }

 private:
  template <class KeyOf>
  std::vector<Entry> entries(KeyOf key_of) const {
    std::vector<Entry> all;
    all.reserve(ports_.size() + rows_.size());
    for (const bool is_row : {false, true}) {
      const auto& side = is_row ? rows_ : ports_;
      for (std::uint32_t i = 0; i < side.size(); ++i) {
        const std::uint64_t key = key_of(side[i]);
        if (key != 0) all.push_back({key, is_row, side[i].if_index, i});
      }
    }
    return all;
  }

  void pair(std::uint32_t row, std::uint32_t port) {
    made_.port_of_row[row] = port;
    made_.row_of_port[port] = row;
    made_.port_in_doubt[port] = false;
    ++paired_;
  }
  void doubt_row(std::uint32_t row) {
    if (!terms_.decide) made_.row_in_doubt[row] = true;
  }
  void doubt_port(std::uint32_t port) {
    if (!terms_.decide && made_.row_of_port[port] == kNone) made_.port_in_doubt[port] = true;
  }
  [[nodiscard]] bool open_row(std::uint32_t row) const {
    return made_.port_of_row[row] == kNone && !made_.row_in_doubt[row];
  }
  [[nodiscard]] bool open_port(std::uint32_t port) const {
    return made_.row_of_port[port] == kNone && !made_.port_in_doubt[port];
  }

  void match_alike() {
    auto all = entries([](const PortTraits& one) { return hash_of(one) | 1U; });
    each_group(all, [this](Entries ports, Entries rows) {
      if (ports.empty() || rows.empty()) return;
      const bool single = ports.size() == 1 && rows.size() == 1;
      if (single) {
        if (alike(ports_[ports[0].at], rows_[rows[0].at])) pair(rows[0].at, ports[0].at);
      } else {
        match_group(ports, rows);
      }
    });
  }

  // Several alike: only the cursor tells which is which.
  void match_group(Entries ports, Entries rows) {
    std::vector<std::uint32_t> left_ports;
    std::vector<std::uint32_t> left_rows;
    const bool by_cursor = !terms_.restarted || stand_as_before(ports, rows);
    std::size_t p = 0;
    for (const Entry& row : rows) {
      while (p < ports.size() && ports[p].if_index < row.if_index)
        left_ports.push_back(ports[p++].at);
      const bool same = p < ports.size() && ports[p].if_index == row.if_index;
      if (same && by_cursor && alike(ports_[ports[p].at], rows_[row.at])) {
        pair(row.at, ports[p++].at);
      } else {
        left_rows.push_back(row.at);
      }
    }
    for (; p < ports.size(); ++p) left_ports.push_back(ports[p].at);
    if (left_ports.empty() || left_rows.empty()) return;
    if (by_cursor && left_ports.size() == 1 && left_rows.size() == 1) {
      if (alike(ports_[left_ports[0]], rows_[left_rows[0]])) pair(left_rows[0], left_ports[0]);
      return;
    }
    for (const std::uint32_t row : left_rows) doubt_row(row);
    for (const std::uint32_t port : left_ports) doubt_port(port);
  }

  [[nodiscard]] bool stand_as_before(Entries ports, Entries rows) const {
    const auto by_index = [](const Entry& a, const Entry& b) { return a.if_index < b.if_index; };
    if (terms_.complete && ports.size() != rows.size()) return false;
    return std::includes(ports.begin(), ports.end(), rows.begin(), rows.end(), by_index);
  }

  void match_by_weight() {
    best_of_row_.resize(rows_.size());
    best_of_port_.resize(ports_.size());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> candidates;
    for (const Trait trait : kTraits) {
      std::vector<bool>& port_alone = port_alone_[static_cast<std::size_t>(trait)];
      std::vector<bool>& row_alone = row_alone_[static_cast<std::size_t>(trait)];
      port_alone.assign(ports_.size(), false);
      row_alone.assign(rows_.size(), false);
      auto all = entries([trait](const PortTraits& one) { return hash_of(one, trait); });
      each_group(all, [&](Entries ports, Entries rows) {
        if (ports.size() > 1 || rows.size() > 1) return;
        for (const Entry& port : ports) port_alone[port.at] = true;
        for (const Entry& row : rows) row_alone[row.at] = true;
        if (!ports.empty() && !rows.empty()) candidates.emplace_back(rows[0].at, ports[0].at);
      });
    }
    std::uint32_t p = 0;
    for (std::uint32_t r = 0; r < rows_.size(); ++r) {
      while (p < ports_.size() && ports_[p].if_index < rows_[r].if_index) ++p;
      if (p < ports_.size() && ports_[p].if_index == rows_[r].if_index)
        candidates.emplace_back(r, p);
    }
    for (const auto& [row, port] : candidates) {
      if (!open_row(row) || !open_port(port)) continue;
      const int score = score_of(row, port);
      best_of_row_[row].take(port, score);
      best_of_port_[port].take(row, score);
    }
    for (std::uint32_t r = 0; r < rows_.size(); ++r) {
      if (open_row(r) && best_of_row_[r].score >= kEnough) settle(r);
    }
    mark_replaced();
  }

  [[nodiscard]] bool alone(Trait trait, std::uint32_t row, std::uint32_t port) const {
    const auto t = static_cast<std::size_t>(trait);
    return row_alone_[t][row] && port_alone_[t][port];
  }

  [[nodiscard]] int score_of(std::uint32_t r, std::uint32_t p) const {
    const PortTraits& row = rows_[r];
    const PortTraits& port = ports_[p];
    const bool same_index = row.if_index == port.if_index;
    int score = 0;
    if (row.name == port.name && !row.name.empty() && (same_index || alone(Trait::name, r, p))) {
      score += kNameWeight;
    }
    if (row.alias == port.alias && alone(Trait::alias, r, p)) score += kAliasWeight;
    if (row.address == port.address && alone(Trait::address, r, p)) score += kAddressWeight;
    if (score > 0 && same_index && !terms_.restarted) score += kCursorWeight;
    return score;
  }

  [[nodiscard]] bool may_be_stranger(std::uint32_t row, std::uint32_t port) const {
    if (terms_.strangers.empty() || terms_.decide) return false;
    const PortTraits& one = rows_[row];
    if (one.if_index != ports_[port].if_index || one.name != ports_[port].name) return false;
    const Stranger first(one.name, 0);
    const auto found = std::ranges::lower_bound(terms_.strangers, first);
    return found != terms_.strangers.end() && found->name_hash == first.name_hash;
  }

  void settle(std::uint32_t row) {
    const Best& mine = best_of_row_[row];
    const Best& its = best_of_port_[mine.who];
    const bool sure = mine.lead() >= margin_;
    if (sure && its.who == row && its.lead() >= margin_ && !may_be_stranger(row, mine.who)) {
      return pair(row, mine.who);
    }
    if (sure && its.who != row && its.score - mine.score >= margin_) return;  // it is another's
    doubt_row(row);
    doubt_port(mine.who);
    if (!sure && mine.next != kNone) doubt_port(mine.next);
  }

  void mark_replaced() {
    for (std::uint32_t r = 0; r < rows_.size(); ++r) {
      const std::uint32_t port = made_.port_of_row[r];
      if (port == kNone || rows_[r].address == ports_[port].address) continue;
      made_.replaced[r] = alone(Trait::address, r, port);
    }
  }

  const std::vector<PortTraits>& ports_;
  const std::vector<PortTraits>& rows_;
  const MatchTerms terms_;
  const int margin_;
  std::size_t paired_ = 0;
  Matching made_;
  // Beside rows and ports: whether nobody else on either side bears its trait.
  std::array<std::vector<bool>, kTraits.size()> row_alone_;
  std::array<std::vector<bool>, kTraits.size()> port_alone_;
  std::vector<Best> best_of_row_;
  std::vector<Best> best_of_port_;
};

}  // namespace

Matching match_ports(const std::vector<PortTraits>& ports, const std::vector<PortTraits>& rows,
                     const MatchTerms& terms) {
  return Matcher(ports, rows, terms).match();
}

}  // namespace itnxt
