#include "daemon/core/told_states.hpp"

namespace itnxt {

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

}  // namespace itnxt
