// Lost carriers before the kernel tells of them. Its linkwatch may hold the news of a lost carrier
// back for up to a second (all but tunnels and pairs; longer the more links change), though it
// knows at once: carrier_down_count in /sys/class/net goes up in that moment, and reading it takes
// no lock.
//
// Where /sys is of another network namespace, or hidden, there is nothing to look at, and the news
// come when the kernel sends them.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/fd.hpp"

namespace itnxt::host {

class CarrierWatch {
 public:
  static constexpr std::size_t kMost = 256;  // files kept open

  // Of these interfaces, from now on; names that cannot be looked at are left out.
  void follow(const std::vector<std::string>& kernel_names);
  // Those that lost their carrier since the last call.
  std::vector<std::string> take_lost();

 private:
  struct Followed {
    Fd file;
    std::array<char, 24> count{};  // as it was read
  };
  static std::array<char, 24> read_count(const Fd& file);

  std::map<std::string, Followed> followed_;
};

}  // namespace itnxt::host
