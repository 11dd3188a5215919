// What people read of SNMPv3: refusals, findings, hints.
#include "collectors/snmp_protocol/usm/engine.hpp"

namespace itnxt::snmp::usm {

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::unknown_user:
      return "unknown_user";
    case Reason::wrong_digest:
      return "wrong_digest";
    case Reason::decryption_error:
      return "decryption_error";
    case Reason::unsupported_level:
      return "unsupported_level";
    case Reason::engine_exhausted:
      return "engine_exhausted";
    case Reason::not_in_time_window:
      return "not_in_time_window";
    case Reason::unknown_engine:
      return "unknown_engine";
    case Reason::refused:
      return "refused";
    case Reason::keys_refused:
      return "keys_refused";
    case Reason::stranger:
      return "stranger";
    case Reason::unauthenticated:
      return "unauthenticated";
    case Reason::bad_digest:
      return "bad_digest";
    case Reason::bad_cipher:
      return "bad_cipher";
    case Reason::bad_pdu:
      return "bad_pdu";
    case Reason::outside_window:
      return "outside_window";
  }
  return "none";
}

bool is_credentials(Reason reason) {
  return reason == Reason::unknown_user || reason == Reason::wrong_digest ||
         reason == Reason::decryption_error || reason == Reason::unsupported_level;
}

std::string SecurityState::explain(Reason reason) const {
  const std::string user = "'" + user_->name + "'";
  const std::string auth(name(user_->auth));
  const std::string priv(name(user_->priv));
  switch (reason) {
    case Reason::unknown_user:
      return "credentials wrong: the device knows no user " + user + " (usmStatsUnknownUserNames)";
    case Reason::wrong_digest:
      return "credentials wrong: the device refuses the signature of user " + user +
             " (usmStatsWrongDigests): check auth (now " + auth + ") and auth_password";
    case Reason::decryption_error:
      return "credentials wrong: the device cannot decipher what user " + user +
             " sends (usmStatsDecryptionErrors): check priv (now " + priv + ") and priv_password";
    case Reason::unsupported_level:
      return "credentials wrong: the device does not take user " + user +
             " on this level (usmStatsUnsupportedSecLevels): check auth (now " + auth +
             ") and priv (now " + priv + ") against its configuration";
    case Reason::engine_exhausted:
      return "the device's engine has used up its boots (snmpEngineBoots is 2147483647) and "
             "refuses "
             "every authenticated request: give it a new engine ID or set its keys anew (RFC 3414 "
             "§2.2.2)";
    case Reason::not_in_time_window:
      return "the device says twice that our time is not its own (usmStatsNotInTimeWindows)";
    case Reason::unknown_engine:
      return "the device names a new engine ID each time it is asked: is there more than one "
             "device behind this address?";
    case Reason::refused:
      return "the device refuses the request by a report: does it know context '" +
             user_->context_name + "'?";
    case Reason::keys_refused:
      return "no keys for auth " + auth + " and priv " + priv +
             ": this host's OpenSSL refuses the algorithm (a FIPS policy?)";
    case Reason::none:
    case Reason::stranger:
    case Reason::unauthenticated:
    case Reason::bad_digest:
    case Reason::bad_cipher:
    case Reason::bad_pdu:
    case Reason::outside_window:
      return "ignored: " + std::string(name(reason));
  }
  return {};
}

// Those that an engine may object to without a word.
std::string SecurityState::settings_to_check(const Engine& engine) const {
  const bool signature_taken = engine.clock.has_value();
  std::string list;
  const auto add = [&list](const std::string& what) { list += (list.empty() ? "" : ", ") + what; };
  if (!signature_taken) add("user (now '" + user_->name + "')");
  if (!signature_taken && authenticates()) {
    add("auth (now " + std::string(name(user_->auth)) + "), auth_password");
  }
  if (user_->priv != PrivAlgorithm::none) {
    add("priv (now " + std::string(name(user_->priv)) + "), priv_password");
  }
  if (list.empty()) list = "what the user may read";
  return list + " and context (now '" + user_->context_name + "')";
}

// Some agents answer nothing at all to what they cannot decipher, or for a context that they do not
// have. Who has just told its engine ID is there, so that its silence is about the credentials.
Silence SecurityState::silence(const Exchange& exchange) const {
  if (exchange.refusal) return {explain(*exchange.refusal), is_credentials(*exchange.refusal)};
  if (exchange.unsigned_time) {
    return {
        "credentials wrong: the device says without a signature that our time is not its own "
        "(usmStatsNotInTimeWindows), and answers nothing: check auth (now " +
            std::string(name(user_->auth)) +
            ") and auth_password; if they are right, its agent breaks RFC 3414 §3.2",
        true};
  }
  const Engine* engine = current();
  if (engine == nullptr || exchange.discoveries == 0) return {};
  std::string why = "credentials wrong: the device ";
  if (engine->proven) {
    why += "answers discovery, but no longer what it is asked with these credentials";
  } else if (!engine->clock) {
    why += "answers discovery but no request";
  } else if (user_->priv != PrivAlgorithm::none) {
    why += "takes our signature but does not answer what is enciphered";
  } else {
    why += "takes our signature but does not answer";
  }
  return {why + ": check " + settings_to_check(*engine), true};
}

std::string to_text(const Finding& finding) {
  switch (finding.kind) {
    case Finding::Kind::boots_backwards:
      return "engine boots went backwards from " + std::to_string(finding.before) + " to " +
             std::to_string(finding.after) + " (engine ID " + to_text(finding.engine_after) +
             "): the device lost its SNMP storage, or was replaced by one with its engine ID";
    case Finding::Kind::time_backwards:
      return "engine time went backwards from " + std::to_string(finding.before) + " s to " +
             std::to_string(finding.after) + " s (engine ID " + to_text(finding.engine_after) +
             ") without a new boot: its clock stood still, or two devices share the engine ID";
    case Finding::Kind::engine_changed:
      return "the engine ID changed from " + to_text(finding.engine_before) + " to " +
             to_text(finding.engine_after) + ": the device was replaced or set up anew";
    case Finding::Kind::exhausted:
      return "engine boots are used up at 2147483647 (engine ID " + to_text(finding.engine_after) +
             "): the device refuses every authenticated request until it has a new engine ID or "
             "new keys";
  }
  return {};
}

}  // namespace itnxt::snmp::usm
