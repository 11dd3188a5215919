// Whether the message of a collector may be taken: a node speaks only for itself, and no more than
// its share. Pure but for the Gate, whose list of this moment counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "daemon/core/ids.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

class Gate;

enum class Denial : std::uint8_t {
  key,     // it is no longer, or not, in the allow-list
  node,    // the batch bears another node's name than the key
  budget,  // the node has sent too much
};
inline constexpr std::array<std::string_view, 3> kDenialNames = {"key", "node", "budget"};
inline constexpr std::size_t kDenials = kDenialNames.size();

class SenderCheck {
 public:
  // Without a gate a node is who it says it is. `per_second`: of one node on average; it may save
  // up four seconds of it. The gate outlives this.
  SenderCheck(const Gate* gate, Bytes per_second) : gate_(gate), per_second_(per_second) {}
  void set_budget(Bytes per_second) { per_second_ = per_second; }

  // Before a message of this size is decoded: as far as its key tells whose it is.
  std::optional<Denial> arrives(std::string_view user, std::size_t bytes, Instant now);
  // Once it is: `node` is who it says it is.
  std::optional<Denial> claims(std::string_view user, const NodeName& node, std::size_t bytes,
                               Instant now);

 private:
  struct Bucket {
    Instant at;
    double level = 0;  // bytes that it may send; below zero: it has to wait
  };
  bool spends(const NodeName& node, std::size_t bytes, Instant now);

  const Gate* gate_;
  Bytes per_second_;
  std::map<NodeName, Bucket> buckets_;
};

}  // namespace itnxt
