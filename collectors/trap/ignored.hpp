// What counted for nothing: how many by reason, and the last ones as they came. Bytes are for a
// file that only its owner reads, never for the log: a community stands in them. Pure; bounded.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp_protocol/ber.hpp"
#include "collectors/trap/reasons.hpp"
#include "daemon/core/time.hpp"
#include "daemon/io/address.hpp"

namespace itnxt::trap {

// What was received, and what to look at.
[[nodiscard]] std::string_view advice_on(Reason reason);

class Ignored {
 public:
  static constexpr std::size_t kKept = 64;        // datagrams
  static constexpr std::size_t kKeptBytes = 512;  // of each
  // Of one reason within a second no more are kept: a flood does not wash away what else came.
  static constexpr std::uint32_t kKeptOfReason = 4;

  struct Datagram {
    WallTime wall;
    Address from;
    Reason reason = Reason::malformed;
    std::size_t size = 0;
    std::vector<std::uint8_t> bytes;  // the first ones
  };
  struct Count {
    std::uint64_t datagrams = 0;
    std::uint64_t told = 0;  // of them, in the log
    Address last_from;
    std::string last_user;  // of version 3, as it came: at most kMostUser bytes; else empty
    Instant second{};
    std::uint32_t kept = 0;  // within it
  };

  static constexpr std::size_t kMostUser = 32;  // RFC 3414 §5: usmUserName

  void add(Reason reason, snmp::ByteView bytes, const Address& from, Instant now, WallTime wall,
           std::string_view user = {});
  [[nodiscard]] Count& count(Reason reason) { return counts_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t datagrams(Reason reason) const {
    return counts_[static_cast<std::size_t>(reason)].datagrams;
  }
  [[nodiscard]] const std::deque<Datagram>& kept() const { return kept_; }
  // How many have been kept so far: changes when text() does.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  std::array<Count, kReasons> counts_{};
  std::deque<Datagram> kept_;
  std::uint64_t changes_ = 0;
};

// A line each, the oldest first: TIME REASON FROM SIZE HEX.
[[nodiscard]] std::string to_text(const std::deque<Ignored::Datagram>& kept);

}  // namespace itnxt::trap
