#include "collectors/trap/security.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "collectors/snmp_protocol/user_settings.hpp"
#include "collectors/snmp_protocol/usm/ber_writer.hpp"

namespace itnxt::trap {
namespace {

using usm::SecurityLevel;
using usm::UsmReport;

constexpr std::size_t kLargestReport = 128;

UsmReport report_of(Reason reason) {
  switch (reason) {
    case Reason::unknown_user:
      return UsmReport::unknown_user_names;
    case Reason::unauthenticated:
      return UsmReport::unsupported_sec_levels;
    case Reason::wrong_digest:
      return UsmReport::wrong_digests;
    case Reason::decryption_error:
      return UsmReport::decryption_errors;
    case Reason::outside_window:
      return UsmReport::not_in_time_windows;
    case Reason::malformed:
    case Reason::not_a_trap:
    case Reason::wrong_community:
    case Reason::unknown_sender:
    case Reason::insecure:
    case Reason::unknown_engine:
      return UsmReport::unknown_engine_ids;
  }
  return UsmReport::unknown_engine_ids;
}

// Of several users of one name, what says most: the signature was right after all.
int weight(Reason reason) {
  switch (reason) {
    case Reason::outside_window:
      return 4;
    case Reason::decryption_error:
      return 3;
    case Reason::wrong_digest:
      return 2;
    case Reason::malformed:
    case Reason::not_a_trap:
    case Reason::wrong_community:
    case Reason::unknown_sender:
    case Reason::insecure:
    case Reason::unknown_user:
    case Reason::unauthenticated:
    case Reason::unknown_engine:
      return 1;
  }
  return 1;
}

}  // namespace

std::vector<std::string> Security::set_users(const std::vector<SnmpTarget>& targets) {
  std::vector<std::string> problems;
  std::vector<Party> before = std::exchange(parties_, {});
  std::vector<std::string> taken;
  usm::KeyCache cache;
  for (const SnmpTarget& target : targets) {
    const Credentials& credentials = target.credentials;
    const std::string& name = target.device.credentials;
    if (credentials.version != SnmpVersion::v3) continue;
    if (std::ranges::find(taken, name) != taken.end()) continue;
    taken.push_back(name);
    const auto known = std::ranges::find(before, credentials, &Party::credentials);
    if (known != before.end()) {
      parties_.push_back(*known);
      continue;
    }
    auto user = usm::make_user(snmp::settings_of(credentials), cache);
    if (user) {
      parties_.push_back({credentials, std::move(*user), nullptr});
    } else {
      problems.push_back("credentials '" + name + "' cannot be used: " + user.error());
    }
  }
  // Keys of users that are gone.
  for (auto& [id, engine] : engines_) {
    std::erase_if(engine.keys, [this](const auto& entry) {
      return std::ranges::none_of(
          parties_, [&](const Party& party) { return party.user.get() == entry.first; });
    });
  }
  return problems;
}

// Of an engine that has not proven itself only what it takes to check the signature is made: the
// rest may cost milliseconds (keys.hpp), which no stranger is to have for nothing.
std::shared_ptr<usm::LocalKeys> Security::keys_for(Party& party, const usm::V3Message& message) {
  const usm::EngineId engine(message.header.engine_id);
  if (engine == own_.id()) {
    if (!party.own_keys) {
      auto made = usm::localize(*party.user, engine);
      if (made) party.own_keys = std::move(*made);
    }
    return party.own_keys;
  }
  if (const auto known = engines_.find(engine); known != engines_.end()) {
    for (const auto& [user, keys] : known->second.keys) {
      if (user == party.user.get()) return keys;
    }
  }
  const auto key = usm::localized_key(party.user->auth, party.user->auth_key, engine);
  if (!key) return nullptr;
  auto made = usm::Authenticator::make(party.user->auth, *key);
  if (!made) return nullptr;
  if (!made->verify(message.whole, message.auth_at, message.auth_parameters.size())) return nullptr;
  auto keys = usm::localize(*party.user, engine);
  if (!keys) return nullptr;
  remember(engine, party, *keys);
  return *keys;
}

void Security::remember(const usm::EngineId& engine, const Party& party,
                        const std::shared_ptr<usm::LocalKeys>& keys) {
  const auto [at, fresh] = engines_.try_emplace(engine);
  at->second.keys.emplace_back(party.user.get(), keys);
  if (!fresh) return;
  order_.push_back(engine);
  if (order_.size() <= kMostEngines) return;
  engines_.erase(order_.front());
  order_.pop_front();
}

// Precondition: the signature is right.
bool Security::is_timely(const usm::V3Message& message, Instant now) {
  const usm::Header& header = message.header;
  const usm::EngineId engine(header.engine_id);
  if (engine == own_.id()) return own_.is_timely(header.boots, header.time, now);
  const auto known = engines_.find(engine);
  if (known == engines_.end() || header.boots >= usm::EngineClock::kLatched) return false;
  std::optional<usm::EngineClock>& clock = known->second.clock;
  if (!clock) {
    clock.emplace(header.boots, header.time, now);
    return true;
  }
  return clock->receive(header.boots, header.time, now) == usm::Timeliness::timely;
}

std::optional<Reason> Security::judge_with(Party& party, const usm::V3Message& message, Instant now,
                                           std::span<std::uint8_t> plain, Verdict& verdict) {
  const SecurityLevel level = message.header.level;
  const bool user_signs = party.user->auth != usm::AuthAlgorithm::none;
  const bool is_signed = level != SecurityLevel::no_auth_no_priv;
  const bool user_enciphers = party.user->priv != usm::PrivAlgorithm::none;
  if (user_signs != is_signed) return Reason::unauthenticated;
  if (level == SecurityLevel::auth_priv && !user_enciphers) return Reason::unauthenticated;
  if (is_signed) {
    verdict.keys = keys_for(party, message);
    if (!verdict.keys) return Reason::wrong_digest;
  }
  const auto opened = usm::open(message, verdict.keys.get(), plain);
  if (const auto* fault = std::get_if<usm::OpenFault>(&opened)) {
    switch (*fault) {
      case usm::OpenFault::no_keys:
        return Reason::unauthenticated;
      case usm::OpenFault::wrong_digest:
        return Reason::wrong_digest;
      case usm::OpenFault::bad_cipher:
        return Reason::decryption_error;
      case usm::OpenFault::bad_scoped_pdu:
        return Reason::malformed;
    }
  }
  verdict.scoped = std::get<usm::ScopedPdu>(opened);
  verdict.authentic = is_signed;
  if (is_signed && !is_timely(message, now)) return Reason::outside_window;
  return std::nullopt;
}

Security::Verdict Security::judge(const usm::V3Message& message, Instant now,
                                  std::span<std::uint8_t> plain) {
  const usm::Header& header = message.header;
  Verdict verdict;
  const bool ours = usm::same(header.engine_id, own_.id().bytes());
  if (header.engine_id.empty()) {
    verdict.reason = Reason::unknown_engine;
    if (!header.reportable) return verdict;
    verdict.reason.reset();
    verdict.discovery = true;
    verdict.report = UsmReport::unknown_engine_ids;
    return verdict;
  }
  verdict.reason = Reason::unknown_user;
  int best = 0;
  for (Party& party : parties_) {
    if (party.user->name != header.user) continue;
    Verdict tried;
    tried.reason = judge_with(party, message, now, plain, tried);
    if (tried.reason && weight(*tried.reason) <= best) continue;
    best = tried.reason ? weight(*tried.reason) : 5;
    verdict = tried;
    if (!verdict.reason || verdict.authentic) break;
  }
  // Who wants an answer must know our engine first.
  if (!ours && header.reportable && (verdict.reason || header.engine_id.empty())) {
    verdict.report = UsmReport::unknown_engine_ids;
  } else if (ours && header.reportable && verdict.reason) {
    verdict.report = report_of(*verdict.reason);
    const bool asks_time =
        verdict.reason == Reason::outside_window && header.boots == 0 && header.time == 0;
    if (asks_time) {  // RFC 3414 §4: the second step of discovery
      verdict.reason.reset();
      verdict.discovery = true;
    }
  }
  return verdict;
}

snmp::ByteView Security::encode_report(const usm::V3Message& to, const Verdict& verdict,
                                       Instant now, std::span<std::uint8_t> room) {
  const UsmReport report = *verdict.report;
  std::uint32_t& count = reports_[static_cast<std::size_t>(report)];
  ++count;
  std::array<std::uint8_t, kLargestReport> text{};
  usm::BerWriter writer(text);
  const std::size_t end = text.size();
  // Counter32: an INTEGER but for its tag.
  writer.number(count & 0x7FFFFFFFU);
  text[writer.at()] = static_cast<std::uint8_t>(snmp::Type::counter32);
  const std::array<std::uint8_t, 10> oid = {
      0x2B, 6, 1, 6, 3, 15, 1, 1, static_cast<std::uint8_t>(report), 0};
  writer.element(0x06, oid);
  writer.wrap(0x30, end);
  writer.wrap(0x30, end);
  writer.number(0);
  writer.number(0);
  writer.number(0);  // the request-id, where it is not known
  writer.wrap(static_cast<std::uint8_t>(snmp::PduType::report), end);
  // RFC 3414 §3.2 7a: the one that tells our time is signed.
  const bool is_signed = report == UsmReport::not_in_time_windows && verdict.keys;
  usm::Header header;
  header.message_id = to.header.message_id;
  header.level = is_signed ? SecurityLevel::auth_no_priv : SecurityLevel::no_auth_no_priv;
  header.reportable = false;
  header.engine_id = own_.id().bytes();
  header.boots = own_.boots();
  header.time = own_.time(now);
  header.user = to.header.user;
  return usm::encode(header, {own_.id().bytes(), {}, snmp::ByteView(text).subspan(writer.at())},
                     is_signed ? verdict.keys.get() : nullptr, salts_, room);
}

snmp::ByteView Security::encode_answer(const usm::V3Message& to, const Verdict& verdict,
                                       snmp::ByteView pdu, Instant now,
                                       std::span<std::uint8_t> room) {
  usm::Header header;
  header.message_id = to.header.message_id;
  header.level = to.header.level;
  header.reportable = false;
  header.engine_id = own_.id().bytes();
  header.boots = own_.boots();
  header.time = own_.time(now);
  header.user = to.header.user;
  return usm::encode(header, {verdict.scoped.context_engine_id, verdict.scoped.context_name, pdu},
                     verdict.keys.get(), salts_, room);
}

}  // namespace itnxt::trap
