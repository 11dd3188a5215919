#include "collectors/probe/names.hpp"

#include <utility>

#include "daemon/core/text.hpp"

namespace itnxt::probe {
namespace {

constexpr Duration kFresh = 5min;
constexpr std::size_t kGenerationShift = 32;

bool fits(const Address& address, ProbeFamily family) {
  return family == ProbeFamily::any || address.is_v4() == (family == ProbeFamily::ipv4);
}

}  // namespace

void Names::begin(std::span<const ProbeTarget> targets) {
  entries_.clear();
  waiting_ = 0;
  ++generation_;
  for (const ProbeTarget& target : targets) entries_.push_back({&target, {}, {}, false, false, {}});
}

Resolver& Names::resolver(ProbeFamily family) {
  auto& one = resolvers_[static_cast<std::size_t>(family)];
  if (one) return *one;
  Resolver::Lookup lookup = lookup_;
  if (!lookup) {
    switch (family) {
      case ProbeFamily::any:
        lookup = system_lookup;
        break;
      case ProbeFamily::ipv4:
        lookup = system_lookup4;
        break;
      case ProbeFamily::ipv6:
        lookup = system_lookup6;
        break;
    }
  }
  one = std::make_unique<Resolver>(
      loop_,
      [this](std::size_t token, Result<Address> address) { answered(token, std::move(address)); },
      std::move(lookup));
  return *one;
}

void Names::look_up(std::size_t target, Instant now) {
  Entry& entry = entries_[target];
  if (entry.under_way) return;
  const ProbeTarget& config = *entry.target;
  if (const auto numeric = numeric_address(config.host, config.port)) {
    entry.address = numeric;
    if (!fits(*numeric, config.family)) {
      entry.address.reset();
      entry.problem = "the address is of another family";
    }
    return;
  }
  entry.is_name = entry.under_way = true;
  entry.asked = now;
  ++waiting_;
  resolver(config.family).ask(generation_ << kGenerationShift | target, config.host, config.port);
}

void Names::answered(std::size_t token, Result<Address> address) {
  if (token >> kGenerationShift != generation_) return;
  Entry& entry = entries_[token & ((std::size_t{1} << kGenerationShift) - 1)];
  entry.under_way = false;
  --waiting_;
  if (address) {
    entry.address = *address;
    entry.problem.clear();
  } else {
    entry.address.reset();
    entry.problem = sanitize(address.error());
  }
}

void Names::after_train(std::size_t target, bool reachable, Instant now) {
  const Entry& entry = entries_[target];
  if (!entry.is_name) return;
  if (!reachable || now - entry.asked >= kFresh) look_up(target, now);
}

}  // namespace itnxt::probe
