// One device as the collector sees it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/poll_requests.hpp"
#include "collectors/snmp/changes.hpp"
#include "collectors/snmp/endless.hpp"
#include "collectors/snmp/interface_check.hpp"
#include "collectors/snmp/profile/polls.hpp"
#include "collectors/snmp/silence.hpp"
#include "collectors/snmp/socket_pool.hpp"
#include "collectors/snmp/udp.hpp"
#include "collectors/snmp/walk.hpp"
#include "collectors/snmp_protocol/usm/engine.hpp"
#include "daemon/config/config.hpp"

namespace itnxt::snmp {

// The last problem of a device in the log: told once, again when it changes or comes back, and not
// more often than kAgain.
class Told {
 public:
  static constexpr Duration kAgain = 10min;
  // `problem`: of this poll; empty: none. True: tell it now.
  [[nodiscard]] bool wants(const std::string& problem, Instant now) {
    if (problem.empty()) {
      gone_ = true;
      return false;
    }
    if (!text_.empty() && ((problem == text_ && !gone_) || now - at_ < kAgain)) return false;
    text_ = problem;
    at_ = now;
    gone_ = false;
    return true;
  }

 private:
  std::string text_;
  Instant at_{};
  bool gone_ = false;  // since it was told
};

struct Session {
  SnmpTarget target;
  DeviceMemory memory;
  std::uint64_t learned = 0;  // learned_of() it when it was last looked at

  // Where it is. A numeric address is there from the start and stays.
  std::optional<Address> address;
  bool named = false;      // the host is a DNS name
  std::size_t lookup = 0;  // the one under way; 0: none
  bool waiting = false;    // the poll of this interval begins when the lookup is done
  Instant resolved_at{};   // last answer, good or bad
  std::string unresolved;  // why there is no address

  // Asked out of turn.
  std::optional<InterfaceCheck> check;       // goes before what is under way
  std::optional<bool> said_up;               // of its interface, by who asked
  std::optional<PollReason> again;           // a whole poll, when that is over
  bool urgent = false;                       // the poll under way was asked for
  bool tables = false;                       // … with all profiles
  std::optional<InterfaceStatus> confirmed;  // of a check during the walk at hand; …
  SourceTime confirmed_at;                   // … newer than its rows of before
  std::uint32_t told_port = 0;      // ifIndex that a check told of since the last sample; 0: none
  std::optional<Instant> whole_at;  // when the last sample with all rows was published
  std::int32_t dropped_id = 0;      // of a request whose answer a check did not wait for

  // The poll.
  std::optional<Walk> walk;
  std::unique_ptr<ProfilePolls> profiles;  // after it; null: none yet
  [[nodiscard]] bool working() const { return check || polling(); }
  [[nodiscard]] bool polling() const { return walk || (profiles && !profiles->done()); }
  // Calls with what is under way. Precondition: working().
  template <class Call>
  decltype(auto) with_work(Call call) {
    if (check) return call(*check);
    return walk ? call(*walk) : call(*profiles);
  }
  Instant next_poll{};          // also when the one under way must be over
  std::int32_t request_id = 0;  // waited for; 0: none; of version 3 the message ID, too
  std::uint32_t request_number = 0;
  SocketPool::Id socket = SocketPool::kNone;  // asked from it; only there its answers count
  Silence silence;
  EndlessWalks endless;

  // Of version 3.
  std::optional<usm::SecurityState> security;
  usm::Exchange exchange;
  std::string unusable;  // why there is no such user on this host; empty: there is

  Changes changes;  // from poll to poll

  // What the log has said.
  bool silent = false;
  Instant silent_since{};
  Told told;
  std::optional<usm::Finding::Kind> finding_told;  // the last one of its engine
  Instant finding_told_at{};
  Told profiles_told;
};

using Ignored = SnmpIgnored;
inline constexpr std::size_t kIgnored = kSnmpIgnored;

}  // namespace itnxt::snmp
