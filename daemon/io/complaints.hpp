// Which complaints about peers are said: a hostile peer fills neither memory nor the log. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/time.hpp"

namespace itnxt {

class Complaints {
 public:
  struct Due {
    std::string peer;          // "others" beyond 256 of them
    std::uint64_t unsaid = 0;  // about it since the last
  };
  // What may be said about `peer` now: at most one in 10 s.
  std::optional<Due> due(const std::string& peer, Instant now);

 private:
  struct About {
    Instant last;
    std::uint64_t unsaid = 0;
  };
  std::map<std::string, About> about_;
};

}  // namespace itnxt
