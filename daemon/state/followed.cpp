#include "daemon/state/followed.hpp"

#include <utility>

namespace itnxt {

std::string describe(const NodeChange& change) {
  const std::string told = change.device.text() + " is told by " + change.now.text() + " now: ";
  switch (change.why) {
    case NodeChange::Why::silent:
      return told + change.before.text() + " is silent";
    case NodeChange::Why::returned:
      return told + "the host itself tells again";
    case NodeChange::Why::configured:
      return told + "the aggregator's configuration names its collector";
    case NodeChange::Why::given:
      return told + "inventory.devices gives the device to it";
  }
  return told;
}

void Followed::configure(const Device& device) {
  device_ = device.name;
  node_ = device.node;
  has_address_ = !device.host.empty();
  if (!node_.empty() && self_.node != node_) self_ = {};
}

Verdict Followed::judge(const Teller& teller, Claim claim, bool is_configured, bool is_live) const {
  if (!node_.empty()) {
    if (teller.node != node_) return Verdict::barred;
    if (teller_.node != node_) return Verdict::taken;
  }
  if (is_configured) return Verdict::taken;
  if (!self_.node.empty() && teller.node != self_.node) {
    return judge_other_than_host(teller, claim, is_live);
  }
  // It is back, but does not contend with whom the operator named.
  const bool is_back = !self_.node.empty() && teller == self_ && !is_configured_;
  if (!is_live || is_back || is_followed(teller, claim)) return Verdict::taken;
  return Verdict::waits;
}

Verdict Followed::judge_other_than_host(const Teller& teller, Claim claim, bool is_live) const {
  if (claim == Claim::own || !has_address_) return Verdict::barred;
  if (is_live) return is_followed(teller, claim) ? Verdict::taken : Verdict::waits;
  return claim == Claim::poll ? Verdict::taken : Verdict::waits;
}

bool Followed::is_followed(const Teller& teller, Claim claim) const {
  return claim == Claim::series ? teller.node == teller_.node : teller == teller_;
}

void Followed::follow(const Teller& teller, Claim claim, bool is_configured) {
  const bool is_first = teller_.node.empty() || teller_.node == teller.node;
  if (claim == Claim::own && (teller.node == self_.node || (self_.node.empty() && is_first))) {
    self_ = teller;
  }
  if (!is_first) {
    NodeChange change{device_, teller_.node, teller.node};
    if (teller.node == node_) {
      change.why = NodeChange::Why::given;
    } else if (is_configured) {
      change.why = NodeChange::Why::configured;
    } else if (teller == self_) {
      change.why = NodeChange::Why::returned;
    }
    if (change_) {
      change.before = change_->before;
      change.times += change_->times;
    }
    change_ = std::move(change);
  }
  teller_ = teller;
  is_configured_ = is_configured;
}

std::optional<NodeChange> Followed::take_change() {
  return std::exchange(change_, std::nullopt);
}

}  // namespace itnxt
