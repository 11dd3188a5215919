// The collector's part in SNMPv3: who asks, and what is made of what the security model says.
#include <utility>

#include "collectors/snmp/collector.hpp"
#include "collectors/snmp_protocol/user_settings.hpp"

namespace itnxt {
namespace {

constexpr Duration kTellFindingAgain = 10min;  // of one device and kind

snmp::Ignored ignored_as(snmp::usm::Reason reason) {
  using snmp::usm::Reason;
  switch (reason) {
    case Reason::unauthenticated:
      return snmp::Ignored::unauthenticated;
    case Reason::bad_digest:
    case Reason::bad_cipher:
      return snmp::Ignored::bad_signature;
    case Reason::outside_window:
      return snmp::Ignored::outside_window;
    case Reason::bad_pdu:
      return snmp::Ignored::malformed;
    case Reason::none:
    case Reason::unknown_user:
    case Reason::wrong_digest:
    case Reason::decryption_error:
    case Reason::unsupported_level:
    case Reason::engine_exhausted:
    case Reason::not_in_time_window:
    case Reason::unknown_engine:
    case Reason::refused:
    case Reason::keys_refused:
    case Reason::stranger:
      return snmp::Ignored::stranger;
  }
  return snmp::Ignored::stranger;
}

}  // namespace

// A user is made once for all devices that share its credentials: its keys are dear.
void SnmpCollector::secure(Session& session, snmp::usm::KeyCache& keys) {
  const Credentials& credentials = session.target.credentials;
  const std::string& name = session.target.device.credentials;
  if (credentials.version != SnmpVersion::v3) return;
  if (!salts_) {
    const Result<std::uint64_t> seed = snmp::usm::random_salt_seed();
    if (!seed) {
      session.unusable = seed.error();
      return;
    }
    salts_.emplace(*seed);
  }
  auto known = users_.find(name);
  if (known == users_.end() || !(known->second.credentials == credentials)) {
    User made{credentials, snmp::usm::make_user(snmp::settings_of(credentials), keys)};
    known = users_.insert_or_assign(name, std::move(made)).first;
  }
  const auto& user = known->second.user;
  if (user) {
    session.security.emplace(*user);
  } else {
    session.unusable = "credentials '" + name + "' cannot be used: " + user.error();
  }
}

void SnmpCollector::judge(std::uint32_t device, const snmp::usm::V3Message& message,
                          const Address& from) {
  using snmp::usm::Action;
  Session& session = at(device);
  if (plain_.size() < message.whole.size()) plain_.resize(message.whole.size());
  const snmp::usm::Verdict verdict =
      session.security->judge(session.exchange, message, context_.loop.now(), plain_);
  if (verdict.finding) tell(session, *verdict.finding);
  switch (verdict.action) {
    case Action::ignore:
      return ignore(session, ignored_as(verdict.reason), from);
    case Action::send_again:
      forget_request(session);  // under a message ID of its own
      return proceed(device);
    case Action::wait:
      return;
    case Action::fail:
      session.with_work([&](auto& work) {
        work.denied(session.security->explain(verdict.reason), is_credentials(verdict.reason));
      });
      return proceed(device);
    case Action::accept:
      if (verdict.pdu.request_id != session.request_id) {
        return ignore(session, snmp::Ignored::stranger, from);
      }
      engines_.learn(session.target.device.name, session.security->engine_id(),
                     context_.loop.now());
      session.with_work([&](auto& work) { work.answer(verdict.pdu, context_.loop.now()); });
      return proceed(device);
  }
}

// A poll of the interfaces tells why it got no answer; what follows it is just given up.
void SnmpCollector::suspect(Session& session, std::string reason, bool credentials) {
  if (session.walk && !session.check) session.walk->suspect(std::move(reason), credentials);
}

void SnmpCollector::suspect_silence(Session& session) {
  if (!session.security) return;
  snmp::usm::Silence silence = session.security->silence(session.exchange);
  if (!silence.why.empty()) suspect(session, std::move(silence.why), silence.credentials);
}

// A try's time is over. A device that is not known to be there is asked what everybody may ask, so
// that wrong credentials are told from an outage within the poll.
void SnmpCollector::unanswered(Session& session) {
  using snmp::usm::Next;
  suspect_silence(session);
  if (!session.security) return session.with_work([](auto& work) { work.timed_out(); });
  const bool heard = session.check || !session.walk || session.walk->answered();
  const Next next = session.security->unanswered(session.exchange, heard, context_.loop.now());
  if (next == Next::refused) {
    const snmp::usm::Silence silence = session.security->silence(session.exchange);
    session.with_work([&](auto& work) { work.denied(silence.why, silence.credentials); });
  } else if (session.check) {
    session.check->timed_out();
  } else if (session.walk) {
    session.walk->timed_out(next == Next::otherwise);
  } else {
    session.profiles->timed_out();
  }
}

void SnmpCollector::tell_shared_engines() {
  for (const snmp::usm::SharedEngine& shared : engines_.take(context_.loop.now())) {
    context_.log.warning(to_text(shared), {{"collector", config_.name.text()}});
  }
}

// Two devices behind one address would have something to tell at each poll.
void SnmpCollector::tell(Session& session, const snmp::usm::Finding& finding) {
  const Instant now = context_.loop.now();
  if (session.finding_told == finding.kind && now - session.finding_told_at < kTellFindingAgain) {
    return;
  }
  session.finding_told = finding.kind;
  session.finding_told_at = now;
  context_.log.warning(to_text(finding), {{"device", session.target.device.name.text()},
                                          {"address", to_text(*session.address)}});
}

}  // namespace itnxt
