#include "daemon/core/told_states.hpp"

namespace itnxt {
namespace {

const std::string kMemory = "memory\n";  // no state is called so: theirs are lines of text

}  // namespace

bool ToldStates::is_news(const Event& event) {
  if (!event.state) return true;
  const auto told = told_.find(event.state->of);
  if (told == told_.end() ? event.state->usual : told->second == event.kind) return false;
  if (event.state->usual) {
    told_.erase(told);
    changes_[event.state->of] = "";
  } else if (told != told_.end() || told_.size() < kMost) {
    told_[event.state->of] = event.kind;
    changes_[event.state->of] = event.kind;
  }
  return true;
}

void ToldStates::remember(const std::string& name, std::string what) {
  const std::string key = kMemory + name;
  const auto known = told_.find(key);
  if (known == told_.end() ? what.empty() || told_.size() >= kMost : known->second == what) return;
  changes_[key] = what;
  if (what.empty()) {
    told_.erase(known);
  } else {
    told_[key] = std::move(what);
  }
}

Memories ToldStates::recall(std::string_view prefix) const {
  const std::string begin = kMemory + std::string(prefix);
  Memories found;
  for (auto at = told_.lower_bound(begin); at != told_.end() && at->first.starts_with(begin);
       ++at) {
    found.emplace_back(at->first.substr(kMemory.size()), at->second);
  }
  return found;
}

}  // namespace itnxt
