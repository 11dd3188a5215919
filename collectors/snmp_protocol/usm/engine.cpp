#include "collectors/snmp_protocol/usm/engine.hpp"

#include <array>

#include "collectors/snmp_protocol/usm/ber_writer.hpp"

namespace itnxt::snmp::usm {
namespace {

constexpr std::uint8_t kMostDiscoveries = 2;

Verdict ignore(Reason reason) {
  Verdict verdict;
  verdict.reason = reason;
  return verdict;
}
Verdict fail(Reason reason) {
  Verdict verdict;
  verdict.action = Action::fail;
  verdict.reason = reason;
  return verdict;
}
Verdict again() {
  Verdict verdict;
  verdict.action = Action::send_again;
  return verdict;
}
Verdict wait(Exchange& exchange, Reason reason) {
  exchange.refusal = reason;
  Verdict verdict;
  verdict.action = Action::wait;
  verdict.reason = reason;
  return verdict;
}
Reason refusal(OpenFault fault) {
  switch (fault) {
    case OpenFault::no_keys:
      return Reason::unauthenticated;  // a level that we have not asked for
    case OpenFault::wrong_digest:
      return Reason::bad_digest;
    case OpenFault::bad_cipher:
      return Reason::bad_cipher;
    case OpenFault::bad_scoped_pdu:
      return Reason::bad_pdu;
  }
  return Reason::bad_pdu;
}

}  // namespace

SecurityState::Engine* SecurityState::named(ByteView id) {
  if (trial_ && same(trial_->id.bytes(), id)) return &*trial_;
  if (trusted_ && same(trusted_->id.bytes(), id)) return &*trusted_;
  return nullptr;
}

void SecurityState::expire_trial(Instant now) {
  if (trial_ && now - trial_since_ > kTrial) trial_.reset();
}

// Makes `id` what we talk to; where an engine is proven, on trial beside it.
Reason SecurityState::try_engine(const EngineId& id, Instant now) {
  probe_next_ = false;
  if (const Engine* engine = current(); engine != nullptr && engine->id == id) return Reason::none;
  if (trusted_ && trusted_->id == id) {  // it was the trial that was wrong
    trial_.reset();
    return Reason::none;
  }
  Result<std::shared_ptr<LocalKeys>> keys = localize(*user_, id);
  if (!keys) return Reason::keys_refused;
  Engine engine{id, std::move(*keys), std::nullopt, false};
  if (trusted_ && trusted_->proven) {
    trial_ = std::move(engine);
    trial_since_ = now;
  } else {
    trusted_ = std::move(engine);
  }
  return Reason::none;
}

void SecurityState::assume(const EngineId& engine) {
  if (!trusted_ && !engine.empty()) (void)try_engine(engine, Instant{});
}

Verdict SecurityState::exhausted(const Engine& engine) {
  Verdict verdict = fail(Reason::engine_exhausted);
  if (!exhausted_) {
    verdict.finding = Finding{Finding::Kind::exhausted, engine.clock ? engine.clock->boots() : 0,
                              EngineClock::kLatched, engine.id, engine.id};
  }
  exhausted_ = true;
  return verdict;
}

// An authenticated answer by `engine`: it is what we talk to from now on.
std::optional<Finding> SecurityState::prove(Engine& engine, Instant now) {
  engine.proven = true;
  exhausted_ = false;
  if (!trial_) return std::nullopt;
  if (&engine != &*trial_) {  // the proven one answers: who said it was another one was wrong
    trial_.reset();
    return std::nullopt;
  }
  Finding finding;
  finding.engine_before = trusted_->id;
  finding.engine_after = trial_->id;
  const std::uint32_t before = trusted_->clock ? trusted_->clock->boots() : 0;
  const std::uint32_t after = trial_->clock ? trial_->clock->boots() : 0;
  bool found = true;
  if (trusted_->id != trial_->id) {
    finding.kind = Finding::Kind::engine_changed;
  } else if (after < before) {
    finding.kind = Finding::Kind::boots_backwards;
    finding.before = before;
    finding.after = after;
  } else {
    finding.kind = Finding::Kind::time_backwards;
    finding.before = trusted_->clock ? trusted_->clock->time(now) : 0;
    finding.after = trial_->clock ? trial_->clock->time(now) : 0;
    found = after == before && finding.after < finding.before;
  }
  trusted_ = std::move(trial_);
  trial_.reset();
  return found ? std::optional(finding) : std::nullopt;
}

ByteView SecurityState::encode_probe(std::int32_t message_id, SaltCounter& salts,
                                     std::span<std::uint8_t> buffer) const {
  // RFC 3414 §4: no engine, no user, and a GET of nothing.
  std::array<std::uint8_t, 24> room{};
  BerWriter writer(room);
  writer.element(0x30, {});
  writer.number(0);
  writer.number(0);
  writer.number(static_cast<std::uint32_t>(message_id));
  writer.wrap(static_cast<std::uint8_t>(PduType::get), room.size());
  Header header;
  header.message_id = message_id;
  return usm::encode(header, {{}, {}, ByteView(room).subspan(writer.at())}, nullptr, salts, buffer);
}

ByteView SecurityState::encode(Exchange& exchange, std::int32_t message_id, ByteView pdu,
                               Instant now, SaltCounter& salts, std::span<std::uint8_t> buffer) {
  expire_trial(now);
  if (exchange.message_id != message_id) exchange.asked = false;
  exchange.message_id = message_id;
  const Engine* engine = current();
  exchange.probe = engine == nullptr || probe_next_;
  if (exchange.probe) return encode_probe(message_id, salts, buffer);
  exchange.asked = true;
  Header header;
  header.message_id = message_id;
  header.level = user_->level();
  header.engine_id = engine->id.bytes();
  header.user = user_->name;
  // Without a clock zeros, which the engine answers with its own (RFC 3414 §4).
  if (engine->clock && authenticates()) {
    header.boots = engine->clock->boots();
    header.time = engine->clock->time(now);
  }
  return usm::encode(header, {header.engine_id, user_->context_name, pdu}, engine->keys.get(),
                     salts, buffer);
}

Verdict SecurityState::judge(Exchange& exchange, const V3Message& message, Instant now,
                             std::span<std::uint8_t> buffer) {
  if (message.header.message_id != exchange.message_id || message.header.engine_id.empty()) {
    return ignore(Reason::stranger);
  }
  expire_trial(now);
  Engine* engine = named(message.header.engine_id);
  const bool plain = message.header.level == SecurityLevel::no_auth_no_priv;
  if (engine == nullptr && !plain) return ignore(Reason::stranger);
  const auto opened = open(message, engine != nullptr ? engine->keys.get() : nullptr, buffer);
  if (const auto* fault = std::get_if<OpenFault>(&opened)) return ignore(refusal(*fault));
  const auto& scoped = std::get<ScopedPdu>(opened);
  const auto decoded = decode_pdu(scoped.pdu);
  const auto* pdu = std::get_if<Message>(&decoded);
  if (pdu == nullptr || (pdu->type != PduType::response && pdu->type != PduType::report)) {
    return ignore(Reason::bad_pdu);
  }
  const bool report = pdu->type == PduType::report;
  if (exchange.probe && plain && report) return judge_discovery(exchange, message, now);
  if (plain && (report || authenticates() || engine == nullptr)) {
    return judge_unauthenticated(exchange, message, *pdu, now);
  }
  if (!exchange.asked) return ignore(Reason::stranger);  // nobody was asked on this level
  if (message.header.user != user_->name) return ignore(Reason::stranger);
  if (!plain && message.header.boots == EngineClock::kLatched) {
    return exhausted(*engine);
  }
  if (!report) return judge_response(*engine, message, scoped, *pdu, now);
  const std::optional<UsmReport> about = usm_report(*pdu);
  if (!about) return fail(Reason::refused);
  return judge_report(exchange, *engine, *about, message, now);
}

// Any report to a probe tells the engine's name, whatever it complains of.
Verdict SecurityState::judge_discovery(Exchange& exchange, const V3Message& message, Instant now) {
  if (exchange.discoveries >= kMostDiscoveries) return fail(Reason::unknown_engine);
  ++exchange.discoveries;
  const Reason reason = try_engine(EngineId(message.header.engine_id), now);
  return reason == Reason::none ? again() : fail(reason);
}

Verdict SecurityState::judge_unauthenticated(Exchange& exchange, const V3Message& message,
                                             const Message& pdu, Instant now) {
  const std::optional<UsmReport> report = usm_report(pdu);
  if (!report) {
    if (pdu.type == PduType::report && !authenticates()) return fail(Reason::refused);
    return ignore(Reason::unauthenticated);
  }
  const Engine* engine = current();
  const bool known = engine != nullptr && same(engine->id.bytes(), message.header.engine_id);
  if (*report == UsmReport::unknown_engine_ids) {
    if (known) return ignore(Reason::unauthenticated);  // it contradicts itself
    return judge_other_engine(exchange, message, now);
  }
  if (!known) return ignore(Reason::stranger);
  Reason reason = Reason::none;
  switch (*report) {
    case UsmReport::unknown_user_names:
      reason = Reason::unknown_user;
      break;
    case UsmReport::wrong_digests:
      reason = Reason::wrong_digest;
      break;
    case UsmReport::decryption_errors:
      reason = Reason::decryption_error;
      break;
    case UsmReport::unsupported_sec_levels:
      reason = Reason::unsupported_level;
      break;
    case UsmReport::not_in_time_windows:  // counts only when it is authenticated
      exchange.unsigned_time = true;
      return ignore(Reason::unauthenticated);
    case UsmReport::unknown_engine_ids:
      return ignore(Reason::unauthenticated);
  }
  return authenticates() ? wait(exchange, reason) : fail(reason);
}

// Of a request that the engine we talk to may still answer, unless it cannot prove itself anyway,
// or the one that we are sent back to has done so.
Verdict SecurityState::judge_other_engine(Exchange& exchange, const V3Message& message,
                                          Instant now) {
  const bool back = trial_ && trusted_ && same(trusted_->id.bytes(), message.header.engine_id);
  if (!authenticates() || back) return judge_discovery(exchange, message, now);
  if (exchange.discoveries >= kMostDiscoveries) return wait(exchange, Reason::unknown_engine);
  exchange.named = EngineId(message.header.engine_id);  // the last one: forgers are early
  Verdict verdict;
  verdict.action = Action::wait;
  verdict.reason = Reason::unknown_engine;
  return verdict;
}

Next SecurityState::unanswered(Exchange& exchange, bool heard, Instant now) {
  // What works is not given up for what anybody can say.
  if (exchange.refusal && !proven()) return Next::refused;
  if (exchange.named) {
    const EngineId other = *exchange.named;
    exchange.named.reset();
    ++exchange.discoveries;
    return try_engine(other, now) == Reason::none ? Next::otherwise : Next::repeat;
  }
  const bool asked = !exchange.probe && exchange.discoveries == 0;
  if (!asked || heard || exchange.refusal || exchange.unsigned_time) return Next::repeat;
  probe_next_ = true;
  return Next::otherwise;
}

// A report signed with our key: it is the device that speaks, and to this very message.
Verdict SecurityState::judge_report(Exchange& exchange, Engine& engine, UsmReport report,
                                    const V3Message& message, Instant now) {
  const Header& header = message.header;
  switch (report) {
    case UsmReport::decryption_errors:
      return fail(Reason::decryption_error);
    case UsmReport::unsupported_sec_levels:
      return fail(Reason::unsupported_level);
    case UsmReport::unknown_user_names:
    case UsmReport::unknown_engine_ids:
    case UsmReport::wrong_digests:
      return ignore(Reason::bad_pdu);  // nobody can say this with our key
    case UsmReport::not_in_time_windows:
      break;
  }
  if (exchange.repeated) return fail(Reason::not_in_time_window);
  exchange.repeated = true;
  exchange.refusal.reset();
  exchange.named.reset();
  const EngineClock clock(header.boots, header.time, now);
  if (engine.proven && (engine.clock->is_far_ahead_of(clock, now) ||
                        engine.clock->is_set_back_by(header.boots, header.time))) {
    // Its clock went back. Followed on trial: the answer to the repetition proves it.
    trial_ = Engine{engine.id, engine.keys, clock, false};
    trial_since_ = now;
  } else {
    engine.clock = clock;
  }
  return again();
}

Verdict SecurityState::judge_response(Engine& engine, const V3Message& message,
                                      const ScopedPdu& scoped, const Message& pdu, Instant now) {
  const Header& header = message.header;
  // RFC 3412 §7.2 step 12: an answer is on the level, and of the context, that was asked.
  if (header.level != user_->level()) return ignore(Reason::unauthenticated);
  if (!same(scoped.context_engine_id, engine.id.bytes()) ||
      scoped.context_name != user_->context_name) {
    return ignore(Reason::stranger);
  }
  std::optional<Finding> set_back;
  if (authenticates()) {
    const EngineClock told(header.boots, header.time, now);
    if (!engine.clock) {
      engine.clock = told;
    } else if (engine.clock->receive(header.boots, header.time, now) != Timeliness::timely) {
      return ignore(Reason::outside_window);
    } else if (engine.proven && engine.clock->is_set_back_by(header.boots, header.time)) {
      // By less than the window: neither side has refused anything, and it would come up later.
      set_back = Finding{Finding::Kind::time_backwards, engine.clock->time(now), header.time,
                         engine.id, engine.id};
      engine.clock = told;
    }
  }
  Verdict verdict;
  verdict.action = Action::accept;
  verdict.pdu = pdu;
  verdict.finding = prove(engine, now);
  if (!verdict.finding) verdict.finding = set_back;
  return verdict;
}

Stage SecurityState::stage() const {
  const Engine* engine = current();
  if (engine == nullptr) return Stage::undiscovered;
  return engine->clock ? Stage::timed : Stage::discovered;
}

const EngineId& SecurityState::engine_id() const {
  static const EngineId kNone;
  const Engine* engine = current();
  return engine != nullptr ? engine->id : kNone;
}

}  // namespace itnxt::snmp::usm
