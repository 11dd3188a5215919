// What people are told of a target: events, and their words. Pure; the loop's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "collectors/probe/report.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/event.hpp"

namespace itnxt::probe {

// target_reachable or target_unreachable. `before`: why it was unreachable as told, where only the
// reason is news; such an event is always news. Precondition: a verdict.
[[nodiscard]] Event to_event(const CollectorName& probe, const ProbeTarget& target,
                             const Standing& standing, const std::string& problem, WallTime wall,
                             SourceTime at, std::optional<Outcome> before = std::nullopt);

// Which reason of a target's outage is known to people, and when another one is worth telling: the
// first in the train that finds it, as when ARP gives up what was silence before; further ones when
// two trains agree, at most every kHold.
class ToldReason {
 public:
  static constexpr Duration kHold = 10min;

  void begin(Outcome why);  // of an outage that is told
  // After each further train of the outage: the reason told before, if this one is to be told now.
  std::optional<Outcome> changed(Outcome why, Instant now);

 private:
  Outcome told_ = Outcome::lost;
  Outcome last_ = Outcome::lost;
  std::optional<Instant> at_;  // of the last change that was told
};

// As an operator would look for it, without what may be secret: user, query and fragment. At most
// 200 bytes; sanitised.
[[nodiscard]] std::string shown_url(std::string_view url);
// What libcurl and OpenSSL say of a handshake, without their version numbers and codes.
[[nodiscard]] std::string tls_problem(std::string_view said);

}  // namespace itnxt::probe
