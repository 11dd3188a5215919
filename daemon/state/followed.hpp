// Whose word counts for one device. Of several that tell of it one is followed, since the clocks of
// two do not compare; who may be that, and who may take its place, is said here. Pure; the loop's
// thread.
//
//   `node` of the inventory    only its collectors, live or not; at once when it is given
//   a host that tells itself   goes to no other node's collector that says so of itself; to another
//                              node's polls while it is silent, if it has an address to be polled
//                              at, and back at once when it tells again
//   everything else            the first, until it is silent; then whoever comes first
//
// "The host itself" is the collector that was followed first and said `own`: which node's word that
// is cannot be known without `node`, but it does not change any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/config/config.hpp"
#include "daemon/core/ids.hpp"

namespace itnxt {

struct Teller {
  NodeName node;
  CollectorName collector;
  bool operator==(const Teller&) const = default;
};

// What somebody would tell: the result of a poll, the same of itself, an event, other metrics.
enum class Claim : std::uint8_t { poll, own, event, series };

enum class Verdict : std::uint8_t {
  taken,
  waits,   // another one is followed; it may be its turn later
  barred,  // the device is another node's
};

// A device is told by another node than before.
struct NodeChange {
  enum class Why : std::uint8_t {
    silent,      // the one before is
    returned,    // the host itself is back
    configured,  // this aggregator's own configuration names the one now
    given,       // inventory.devices does
  };
  DeviceName device;
  NodeName before;
  NodeName now;
  Why why = Why::silent;
  std::uint64_t times = 1;  // changes that it stands for; `why` is that of the last
};
// "r1 is told by n2 now: n1 is silent"
std::string describe(const NodeChange& change);

class Followed {
 public:
  // Takes what the configuration says of the device.
  void configure(const Device& device);

  // `is_configured`: it is the collector that this aggregator's own configuration names for the
  // device. `is_live`: the one that is followed is not silent.
  [[nodiscard]] Verdict judge(const Teller& teller, Claim claim, bool is_configured,
                              bool is_live) const;
  // It is followed from now on: judge() said `taken`.
  void follow(const Teller& teller, Claim claim, bool is_configured);

  // The last that was followed; empty: none ever was.
  [[nodiscard]] const Teller& teller() const { return teller_; }
  // The node whose device it is; empty: anybody's who is followed.
  [[nodiscard]] const NodeName& owner() const { return node_.empty() ? self_.node : node_; }
  // From which node to which since the last call.
  std::optional<NodeChange> take_change();

 private:
  [[nodiscard]] Verdict judge_other_than_host(const Teller& teller, Claim claim,
                                              bool is_live) const;
  [[nodiscard]] bool is_followed(const Teller& teller, Claim claim) const;

  DeviceName device_;
  NodeName node_;             // of the inventory
  bool has_address_ = false;  // whoever has it can poll it
  Teller self_;               // the host itself; empty: none told so
  Teller teller_;
  bool is_configured_ = false;  // teller_
  std::optional<NodeChange> change_;
};

}  // namespace itnxt
