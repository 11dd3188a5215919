#include "daemon/io/crowd_report.hpp"

namespace itnxt {

void CrowdReport::shown_out(const std::string& address, const std::string& endpoint, Instant now) {
  const auto due = crowds_.due(address, now);
  if (!due) return;
  log_.warning(
      "connections were ended that did not finish their handshake: too many of them at a time; if "
      "they are none of yours, let a firewall keep them off",
      {{"endpoint", endpoint}, {"peer", due->peer}, {"unsaid", std::to_string(due->unsaid)}});
}

}  // namespace itnxt
