// The security of our talk with one device: what to send next, and what to make of what comes back
// (RFC 3414 §3.2, §4; field traps T15-T19, T21). Pure; the loop's thread; one for every device, so
// that two devices with one engine ID never mix.
//
//   undiscovered ── any answer to the empty probe ──▶ discovered ── authenticated answer ──▶ timed
//
// A caller sends what encode() gives and asks judge() about every message that bears the exchange's
// message ID; on send_again it does so anew under a fresh message ID. When no answer comes in time
// it calls unanswered(), repeats the request or not, and in the end asks silence() what that means.
// A try costs at most four datagrams of ours: two discoveries, the request, and its one repetition
// after notInTimeWindow.
//
// Who is believed: an authenticated message whose message ID is the random one that we sent last is
// an answer given now, by one who knows the key. That is why boots that went backwards can be
// followed at all, though RFC 3414 §3.2 7b has them refused: a replay bears an old message ID. An
// unauthenticated report to a signed request is remembered and nothing more, whatever it says, as
// long as the answer may still come: whoever sees the wire can forge one, and be faster than the
// device. Once an engine is proven by an authenticated answer, another one only takes its place by
// an authenticated answer of its own, and until then what is proven is kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/snmp_protocol/usm/clock.hpp"
#include "collectors/snmp_protocol/usm/message.hpp"

namespace itnxt::snmp::usm {

enum class Stage : std::uint8_t { undiscovered, discovered, timed };

enum class Action : std::uint8_t {
  accept,      // Verdict::pdu answers the request
  send_again,  // encode() knows more now
  wait,        // remembered for the case that no answer comes; a forger could have said it
  fail,        // the device refuses; asking again at once would not help
  ignore,      // as if it had not come; count it
};

enum class Reason : std::uint8_t {
  none,
  // fail: "credentials wrong: …"
  unknown_user,
  wrong_digest,
  decryption_error,
  unsupported_level,
  // fail: the device's own trouble
  engine_exhausted,    // boots is latched at 2147483647 (RFC 3414 §2.2.2)
  not_in_time_window,  // again, after the repetition
  unknown_engine,      // again, after two discoveries
  refused,             // by a report that is not USM's
  keys_refused,        // this host's OpenSSL has no such algorithm
  // ignore
  stranger,         // another message ID, engine, user or context than asked
  unauthenticated,  // where authentication is expected
  bad_digest,       // altered on the way, or signed with another key
  bad_cipher,
  bad_pdu,
  outside_window,  // a replay, or more than 150 s late
};
[[nodiscard]] std::string_view name(Reason reason);
[[nodiscard]] bool is_credentials(Reason reason);

// One request of the caller, from its first datagram to its answer or its end. The caller keeps it
// and reads message_id and refusal only.
struct Exchange {
  std::int32_t message_id = 0;  // of the datagram that was encoded last
  bool probe = false;           // which was a discovery
  bool asked = false;           // the request itself has gone out under this message ID
  bool repeated = false;        // the one repetition after notInTimeWindow is used up
  std::uint8_t discoveries = 0;
  // Said without a signature since the request was sent.
  std::optional<Reason> refusal;
  std::optional<EngineId> named;  // another engine
  bool unsigned_time = false;     // that our time is not its own
};

// What follows from a try without an answer.
enum class Next : std::uint8_t {
  repeat,     // nothing new: as often as the caller has patience
  otherwise,  // encode() asks something else now: worth a try though the retries are used up
  refused,    // nothing: silence() says why
};

// What silence means. The device is there, and says or shows that it refuses us.
struct Silence {
  std::string why;  // empty: nothing is known, the device may just be down
  bool credentials = false;
};

// Something an operator should hear of, once each time it happens. All are healed when they are
// reported, but `exhausted`, which only the device's operator can heal.
struct Finding {
  enum class Kind : std::uint8_t { boots_backwards, time_backwards, engine_changed, exhausted };
  Kind kind = Kind::boots_backwards;
  std::uint32_t before = 0;  // boots; of time_backwards seconds
  std::uint32_t after = 0;
  EngineId engine_before;
  EngineId engine_after;
};
// "engine boots went backwards from 7 to 1: …"
[[nodiscard]] std::string to_text(const Finding& finding);

struct Verdict {
  Action action = Action::ignore;
  Reason reason = Reason::none;
  std::optional<Finding> finding;
  Message pdu;  // of accept; a view into the datagram or the buffer
};

class SecurityState {
 public:
  // How long an engine may stay unproven beside a proven one.
  static constexpr Duration kTrial = 30s;

  explicit SecurityState(std::shared_ptr<const User> user) : user_(std::move(user)) {}

  // What to send now: a discovery probe, or `pdu` on the user's level. `message_id` (1 and up) is
  // random and fresh each time. Empty: it does not fit `buffer`, or OpenSSL failed.
  [[nodiscard]] ByteView encode(Exchange& exchange, std::int32_t message_id, ByteView pdu,
                                Instant now, SaltCounter& salts, std::span<std::uint8_t> buffer);

  // `buffer`: as long as the datagram. The caller has checked the source address.
  [[nodiscard]] Verdict judge(Exchange& exchange, const V3Message& message, Instant now,
                              std::span<std::uint8_t> buffer);

  // No answer came within the try's time. `heard`: the caller knows by other means that the device
  // is there. Where nobody knows, the next try begins with a discovery, which everybody may ask.
  [[nodiscard]] Next unanswered(Exchange& exchange, bool heard, Instant now);
  // After the last try of `exchange`.
  [[nodiscard]] Silence silence(const Exchange& exchange) const;
  // After repeated silence: begins with a discovery again. What is proven stays until then.
  void rediscover() { probe_next_ = true; }
  // An engine ID remembered from before a restart; its clock never is (T15).
  void assume(const EngineId& engine);

  [[nodiscard]] Stage stage() const;
  [[nodiscard]] const EngineId& engine_id() const;  // empty: undiscovered
  // An authenticated answer came (without authentication: any).
  [[nodiscard]] bool proven() const { return trusted_ && trusted_->proven; }
  // "credentials wrong: the device knows no user 'monitor': …"
  [[nodiscard]] std::string explain(Reason reason) const;

 private:
  struct Engine {
    EngineId id;
    std::shared_ptr<LocalKeys> keys;
    std::optional<EngineClock> clock;
    bool proven = false;
  };
  [[nodiscard]] const Engine* current() const { return trial_ ? &*trial_ : trusted(); }
  [[nodiscard]] const Engine* trusted() const { return trusted_ ? &*trusted_ : nullptr; }
  [[nodiscard]] Engine* named(ByteView id);
  [[nodiscard]] bool authenticates() const {
    return user_->level() != SecurityLevel::no_auth_no_priv;
  }
  void expire_trial(Instant now);
  [[nodiscard]] Verdict exhausted(const Engine& engine);
  [[nodiscard]] Reason try_engine(const EngineId& id, Instant now);
  [[nodiscard]] ByteView encode_probe(std::int32_t message_id, SaltCounter& salts,
                                      std::span<std::uint8_t> buffer) const;
  [[nodiscard]] Verdict judge_discovery(Exchange& exchange, const V3Message& message, Instant now);
  [[nodiscard]] Verdict judge_unauthenticated(Exchange& exchange, const V3Message& message,
                                              const Message& pdu, Instant now);
  [[nodiscard]] Verdict judge_other_engine(Exchange& exchange, const V3Message& message,
                                           Instant now);
  [[nodiscard]] std::string settings_to_check(const Engine& engine) const;
  [[nodiscard]] Verdict judge_report(Exchange& exchange, Engine& engine, UsmReport report,
                                     const V3Message& message, Instant now);
  [[nodiscard]] Verdict judge_response(Engine& engine, const V3Message& message,
                                       const ScopedPdu& scoped, const Message& pdu, Instant now);
  [[nodiscard]] std::optional<Finding> prove(Engine& engine, Instant now);

  std::shared_ptr<const User> user_;
  std::optional<Engine> trusted_;  // what we talk to
  std::optional<Engine> trial_;    // beside a proven one: another engine, or its clock set back
  Instant trial_since_{};
  bool probe_next_ = false;
  bool exhausted_ = false;  // said already
};

}  // namespace itnxt::snmp::usm
