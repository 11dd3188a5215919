#include "daemon/io/saver.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace itnxt {

Saver::Saver(Loop& loop, Hooks hooks, bool failed, Duration patience)
    : loop_(loop), hooks_(std::move(hooks)), failures_(failed ? 1 : 0), worker_(loop, patience) {
  if (failed) try_later();
}

Saver::~Saver() {
  worker_.post([save = hooks_.take(true)] { (void)save(); }, [] {});
}

void Saver::want() {
  if (worker_.under_way() > 0) {
    wanted_ = true;
  } else {
    begin();
  }
}

void Saver::begin() {
  wanted_ = false;
  retry_.cancel();
  const auto problem = std::make_shared<std::string>();
  worker_.post([save = hooks_.take(false), problem] { *problem = save(); },
               [this, problem] { ended(*problem); });
}

void Saver::ended(const std::string& problem) {
  failures_ = problem.empty() ? 0 : failures_ + 1;
  hooks_.saved(problem);
  if (worker_.under_way() > 0) return;  // saved() wanted more
  if (wanted_) {
    begin();
  } else if (failures_ > 0) {
    try_later();
  }
}

void Saver::try_later() {
  const std::uint32_t wait = std::min(1U << std::min(failures_ - 1, 4U), 5U);
  retry_ = loop_.after(std::chrono::seconds(wait), [this] { begin(); });
}

}  // namespace itnxt
