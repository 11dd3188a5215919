// SNMPv3's security of what comes in (RFC 3414 §3.2): traps, whose sender is authoritative, and
// informs, whose receiver is, which is us. Pure; the loop's thread.
//
// Of a trap's engine nothing is kept before a message of it bore a user's signature; its clock is
// learned from those alone. Of informs: who does not know our engine ID, or our time, is told by a
// report, the latter one signed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/snmp_protocol/usm/clock.hpp"
#include "collectors/snmp_protocol/usm/message.hpp"
#include "collectors/trap/own_engine.hpp"
#include "collectors/trap/reasons.hpp"
#include "daemon/config/config.hpp"

namespace itnxt::trap {

namespace usm = snmp::usm;

class Security {
 public:
  static constexpr std::size_t kMostEngines = 16'384;  // of senders; the oldest goes first

  Security(OwnEngine own, usm::SaltCounter& salts) : own_(own), salts_(salts) {}

  // The users of these credentials, instead of those before; of version 3 each once. What cannot be
  // used on this host is returned: "credentials 'a' cannot be used: …".
  [[nodiscard]] std::vector<std::string> set_users(const std::vector<SnmpTarget>& targets);

  struct Verdict {
    std::optional<Reason> reason;  // why it counts for nothing; absent: it counts, or is discovery
    bool discovery = false;        // nothing is wrong, it only asks who we are
    bool authentic = false;        // signed by a user; with outside_window: but late
    usm::ScopedPdu scoped;         // of what counts; a view into the datagram or `plain`
    std::shared_ptr<usm::LocalKeys> keys;  // for the answer
    std::optional<usm::UsmReport> report;  // to be sent back
  };
  // `plain`: as long as the datagram.
  [[nodiscard]] Verdict judge(const usm::V3Message& message, Instant now,
                              std::span<std::uint8_t> plain);

  // What goes back: empty when it does not fit, or OpenSSL failed.
  [[nodiscard]] snmp::ByteView encode_report(const usm::V3Message& to, const Verdict& verdict,
                                             Instant now, std::span<std::uint8_t> room);
  [[nodiscard]] snmp::ByteView encode_answer(const usm::V3Message& to, const Verdict& verdict,
                                             snmp::ByteView pdu, Instant now,
                                             std::span<std::uint8_t> room);

  [[nodiscard]] const OwnEngine& own() const { return own_; }
  [[nodiscard]] std::size_t engines() const { return engines_.size(); }

 private:
  struct Party {
    Credentials credentials;
    std::shared_ptr<const usm::User> user;
    std::shared_ptr<usm::LocalKeys> own_keys;  // at our engine, from the first use on
  };
  struct Remote {
    std::optional<usm::EngineClock> clock;
    std::vector<std::pair<const usm::User*, std::shared_ptr<usm::LocalKeys>>> keys;
  };
  [[nodiscard]] std::optional<Reason> judge_with(Party& party, const usm::V3Message& message,
                                                 Instant now, std::span<std::uint8_t> plain,
                                                 Verdict& verdict);
  [[nodiscard]] std::shared_ptr<usm::LocalKeys> keys_for(Party& party,
                                                         const usm::V3Message& message);
  [[nodiscard]] bool is_timely(const usm::V3Message& message, Instant now);
  void remember(const usm::EngineId& engine, const Party& party,
                const std::shared_ptr<usm::LocalKeys>& keys);

  OwnEngine own_;
  usm::SaltCounter& salts_;
  std::vector<Party> parties_;
  std::unordered_map<usm::EngineId, Remote, usm::EngineIdHash> engines_;
  std::deque<usm::EngineId> order_;         // in which they came
  std::array<std::uint32_t, 7> reports_{};  // by usm::UsmReport
};

}  // namespace itnxt::trap
