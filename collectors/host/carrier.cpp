#include "collectors/host/carrier.hpp"

#include <fcntl.h>

#include <set>

namespace itnxt::host {

void CarrierWatch::follow(const std::vector<std::string>& kernel_names) {
  const std::set<std::string> wanted(kernel_names.begin(), kernel_names.end());
  std::erase_if(followed_, [&](const auto& each) { return !wanted.contains(each.first); });
  for (const std::string& name : wanted) {
    if (followed_.size() >= kMost) return;
    if (followed_.contains(name) || name.find('/') != std::string::npos || name == "..") continue;
    const std::string path = "/sys/class/net/" + name + "/carrier_down_count";
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) continue;
    const auto count = read_count(file);
    followed_.try_emplace(name, Followed{std::move(file), count});
  }
}

std::vector<std::string> CarrierWatch::take_lost() {
  std::vector<std::string> lost;
  for (auto each = followed_.begin(); each != followed_.end();) {
    const auto count = read_count(each->second.file);
    if (count != each->second.count) lost.push_back(each->first);
    each->second.count = count;
    // Unreadable: the interface has gone. One of its name gets a file of its own by follow().
    each = count[0] == 0 ? followed_.erase(each) : std::next(each);
  }
  return lost;
}

std::array<char, 24> CarrierWatch::read_count(const Fd& file) {
  std::array<char, 24> text{};
  if (::pread(file.get(), text.data(), text.size() - 1, 0) < 0) text = {};
  return text;
}

}  // namespace itnxt::host
