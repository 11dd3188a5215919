// Who has to go when too many stand in the door: connections that were accepted and have not
// finished their handshake. Pure.
//
// One address has at most kMostOfSource of them; its oldest goes first, so that an honest node
// behind the same address, which is done within milliseconds, gets in between. In all they are
// kMost, but whoever is there for less than kGrace may stay (a node on a slow link), up to
// kMostEver. The address with the most gives way first. Where each has one, they are most likely
// our own nodes after an outage: then who came last has to come again, so that the others finish.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/core/time.hpp"

namespace itnxt {

class Doorkeeper {
 public:
  static constexpr std::size_t kMostOfSource = 32;
  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kMostEver = 192;
  static constexpr Duration kGrace = 2s;

  // IPv4 as mapped into IPv6; of IPv6 the first 64 bits, for one host has all the others.
  using Source = std::array<std::uint8_t, 16>;
  struct Visitor {
    int fd = -1;
    Source source{};
    std::array<std::uint8_t, 16> address{};  // the whole of it
    std::uint16_t port = 0;
    Instant since;
  };

  // Of a descriptor that is listed already the old connection is gone.
  void comes(const Visitor& visitor);
  void leaves(int fd);  // finished, gone, or shown out
  // Asked after each that comes, until nobody; who is named leaves.
  [[nodiscard]] std::optional<Visitor> too_many(Instant now) const;
  [[nodiscard]] const std::vector<Visitor>& visitors() const { return visitors_; }  // oldest first

 private:
  [[nodiscard]] const Visitor* of_largest(Instant before) const;

  std::vector<Visitor> visitors_;
  std::map<Source, std::size_t> counts_;
};

}  // namespace itnxt
