#include "daemon/core/told_states.hpp"

#include <charconv>
#include <iterator>

namespace itnxt {
namespace {

const std::string kMemory = "memory\n";  // no state is called so: theirs are lines of text
constexpr char kOnce = '\x01';           // no state bears it: they have passed sanitize()

bool is_once(const std::string& key) {
  return !key.empty() && key.front() == kOnce;
}

}  // namespace

bool ToldStates::is_news(const Event& event) {
  return is_news_of_once(event) && is_news_of_state(event);
}

bool ToldStates::is_news_of_state(const Event& event) {
  if (!event.state) return true;
  const auto told = told_.find(event.state->of);
  if (told == told_.end() ? event.state->usual : told->second == event.kind) return false;
  if (event.state->usual) {
    told_.erase(told);
    changes_[event.state->of] = "";
  } else if (told != told_.end() || told_.size() - once_.size() < kMost) {
    told_[event.state->of] = event.kind;
    changes_[event.state->of] = event.kind;
  }
  return true;
}

void ToldStates::remember(const std::string& name, std::string what) {
  const std::string key = kMemory + name;
  const auto known = told_.find(key);
  const std::size_t before = known == told_.end() ? 0 : known->second.size();
  if (!has_room(what.size(), before)) what.clear();
  if (known == told_.end() ? what.empty() || told_.size() - once_.size() >= kMost
                           : known->second == what)
    return;
  memory_bytes_ += what.size() - before;
  changes_[key] = what;
  if (what.empty()) {
    told_.erase(known);
  } else {
    told_[key] = std::move(what);
  }
}

bool ToldStates::has_room(std::size_t bytes, std::size_t instead_of) const {
  return bytes <= kMostOfMemory && memory_bytes_ - instead_of + bytes <= kMostBytes;
}

Memories ToldStates::recall(std::string_view name, Recall which) const {
  const std::string begin = kMemory + std::string(name);
  Memories found;
  for (auto at = told_.lower_bound(begin); at != told_.end() && at->first.starts_with(begin);
       ++at) {
    if (which == Recall::of_name && at->first != begin) break;  // it would be the first
    found.emplace_back(at->first.substr(kMemory.size()), at->second);
  }
  return found;
}

bool ToldStates::is_news_of_once(const Event& event) {
  if (event.once.empty()) return true;
  while (!once_.empty() && event.wall - once_.begin()->first >= kOnceWithin) forget(once_.begin());
  // Those of a clock that was set back since.
  while (!once_.empty() && std::prev(once_.end())->first - event.wall >= kOnceWithin) {
    forget(std::prev(once_.end()));
  }
  std::string key = kOnce + event.once;
  if (told_.contains(key)) return false;
  if (once_.size() >= kMostOnce) forget(once_.begin());
  const std::string when = std::to_string(event.wall.time_since_epoch().count());
  told_[key] = when;
  changes_[key] = when;
  once_.emplace(event.wall, std::move(key));
  return true;
}

void ToldStates::take_back(const std::string& once, WallTime wall) {
  const auto known = once_.find({wall, kOnce + once});
  if (known != once_.end()) forget(known);
}

// What never got to the disk leaves nothing to be taken from there.
void ToldStates::forget(std::set<Once>::iterator once) {
  told_.erase(once->second);
  const auto [change, fresh] = changes_.try_emplace(once->second);
  if (!fresh && !change->second.empty()) changes_.erase(change);
  once_.erase(once);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): they are moved, one by one
void ToldStates::give_back(Kinds changes) {
  for (auto& [key, what] : changes) {
    const auto newer = changes_.find(key);
    if (newer == changes_.end()) {
      changes_.emplace(key, std::move(what));
    } else if (is_once(key) && newer->second.empty() && !what.empty()) {
      changes_.erase(newer);
    }
  }
}

void ToldStates::load(Kinds told) {
  told_ = std::move(told);
  for (const auto& [key, when] : told_) {
    if (key.starts_with(kMemory)) memory_bytes_ += when.size();
    if (!is_once(key)) continue;
    Duration::rep count = 0;
    (void)std::from_chars(when.data(), when.data() + when.size(), count);
    once_.emplace(WallTime(Duration(count)), key);
  }
}

}  // namespace itnxt
