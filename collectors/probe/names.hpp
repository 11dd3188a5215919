// The addresses of a probe's targets: numeric ones at once, names by the resolver's threads. The
// loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/io/address.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/resolver.hpp"

namespace itnxt::probe {

class Names {
 public:
  // An empty `lookup` asks the system, each family by itself.
  Names(Loop& loop, Resolver::Lookup lookup) : loop_(loop), lookup_(std::move(lookup)) {}

  // Forgets all and takes these; they outlive the next begin().
  void begin(std::span<const ProbeTarget> targets);
  void look_up(std::size_t target, Instant now);
  // A train is over: a name that failed, or was asked long ago, is looked up anew.
  void after_train(std::size_t target, bool reachable, Instant now);

  [[nodiscard]] const std::optional<Address>& address(std::size_t target) const {
    return entries_[target].address;
  }
  // Why there is no address; empty while it is looked up for the first time.
  [[nodiscard]] const std::string& problem(std::size_t target) const {
    return entries_[target].problem;
  }
  [[nodiscard]] bool waiting() const { return waiting_ > 0; }

 private:
  struct Entry {
    const ProbeTarget* target = nullptr;
    std::optional<Address> address;
    std::string problem;
    bool is_name = false;
    bool under_way = false;
    Instant asked;
  };
  void answered(std::size_t token, Result<Address> address);
  Resolver& resolver(ProbeFamily family);

  Loop& loop_;
  Resolver::Lookup lookup_;
  std::vector<Entry> entries_;
  std::size_t waiting_ = 0;
  std::size_t generation_ = 0;  // of the entries: answers to those before are dropped
  std::array<std::unique_ptr<Resolver>, kProbeFamilyNames.size()> resolvers_;
};

}  // namespace itnxt::probe
