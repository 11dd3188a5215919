#include "collectors/snmp/survey/access.hpp"

#include <algorithm>
#include <utility>

namespace itnxt::snmp::survey {
namespace {

bool is_weak(SnmpAuth auth) {
  return auth == SnmpAuth::none || auth == SnmpAuth::md5 || auth == SnmpAuth::sha1;
}
bool is_weak(SnmpPriv priv) {
  return priv == SnmpPriv::none || priv == SnmpPriv::des;
}

std::string level_of(const Credentials& credentials) {
  if (credentials.version != SnmpVersion::v3) return {};
  if (credentials.auth == SnmpAuth::none) return "no authentication";
  const std::string auth(kSnmpAuthNames[static_cast<std::size_t>(credentials.auth)]);
  if (credentials.priv == SnmpPriv::none) return auth + ", no privacy";
  return auth + " and " + std::string(kSnmpPrivNames[static_cast<std::size_t>(credentials.priv)]);
}

// The best to ask with: version 3 with privacy that holds, then the rest.
int rank(const Credentials& credentials) {
  switch (credentials.version) {
    case SnmpVersion::v1:
      return 0;
    case SnmpVersion::v2c:
      return 1;
    case SnmpVersion::v3:
      return 2 + (is_weak(credentials.auth) ? 0 : 1) + (is_weak(credentials.priv) ? 0 : 2);
  }
  return 0;
}

// A question whose answer shows whether anything may be read: one object that every agent has, or,
// where a view hides that, the first one there is.
Request one_object(RequestType type) {
  Request request;
  request.type = type;
  if (type == RequestType::get) {
    request.add({1, 3, 6, 1, 2, 1, 1, 3, 0});  // sysUpTime
  } else {
    request.add({1, 3});
  }
  return request;
}

// Why there is nothing in the answer; empty: there is something.
std::string_view why_nothing(const Answer& answer) {
  if (answer.message.error_status != kNoError) {
    return error_status_name(answer.message.error_status);
  }
  Varbinds varbinds = answer.message.begin();
  const std::optional<Varbind> first = varbinds.next();
  if (!first) return "an empty reply";
  return is_absent(first->type) ? name(first->type) : std::string_view();
}

// An error that says nothing of who may read what (RFC 3416 §4.2.1, §4.2.2); empty: none.
std::string_view failure(const Answer& answer) {
  constexpr std::int64_t kNoSuchName = 2;
  constexpr std::int64_t kNoAccess = 6;
  const std::int64_t status = answer.message.error_status;
  const bool about_access = status == kNoSuchName || status == kNoAccess ||
                            status == kAuthorizationError || status == kNoError;
  return about_access ? std::string_view() : error_status_name(status);
}

// Files what the first question brought. False: somebody was let in, and nothing was read.
bool judge(const Answer& answer, Attempt& made) {
  switch (answer.kind) {
    case Answer::Kind::message:
      made.accepted = made.heard = true;
      made.answered_late = answer.tries > 1;
      made.works = why_nothing(answer).empty();
      return made.works;
    case Answer::Kind::silence:
      made.problem = answer.tries == 0 ? "not asked: the time was up" : "no answer";
      if (!answer.why.empty()) made.problem += "; " + answer.why;
      return true;
    case Answer::Kind::refusal:
      made.heard = true;
      made.problem = answer.why;
      return true;
    case Answer::Kind::not_sent:
      made.problem = answer.why;
      return true;
  }
  return true;
}

// Whether `speaker` is let in, and then whether there is anything that it may read.
void try_in(Talk& talk, Speaker& speaker, Tries tries, Attempt& made) {
  Answer answer = talk.ask(speaker, one_object(RequestType::get), tries);
  if (judge(answer, made)) return;
  std::string said(why_nothing(answer));
  const std::string failed(failure(answer));
  answer = talk.ask(speaker, one_object(RequestType::get_next), tries);
  const bool answered = answer.kind == Answer::Kind::message;
  const std::string_view then = answered ? why_nothing(answer) : "nothing";
  made.works = then.empty();
  if (made.works) return;
  if (then != said) said += ", " + std::string(then);
  if (!failed.empty() && (!answered || !failure(answer).empty())) {
    made.error = answered ? failure(answer) : failed;
    made.problem = "answered with errors only (" + said + ")";
    return;
  }
  made.problem = "accepted, but may read nothing (the device answers " + said + ")";
}

Attempt described(const Candidate& candidate) {
  const Credentials& credentials = candidate.credentials;
  Attempt made;
  made.credentials = candidate.name;
  made.version = credentials.version;
  made.level = level_of(credentials);
  if (credentials.version == SnmpVersion::v3) {
    made.weak_auth = is_weak(credentials.auth);
    made.weak_priv = is_weak(credentials.priv);
  }
  return made;
}

bool is_public(const Credentials& credentials) {
  return credentials.version != SnmpVersion::v3 && credentials.community.reveal() == "public";
}

bool gets_in(Talk& talk, usm::KeyCache& keys, const Credentials& credentials, Duration patience) {
  Result<Speaker> who = Speaker::make(credentials, keys);
  if (!who) return false;
  Attempt made;
  try_in(talk, *who, {patience, 1}, made);
  return made.works;
}

// A community is asked under both of its versions: the device may know one only.
std::vector<Candidate> with_versions(const std::vector<Candidate>& candidates) {
  std::vector<Candidate> all;
  for (const Candidate& candidate : candidates) {
    all.push_back(candidate);
    if (candidate.credentials.version == SnmpVersion::v3) continue;
    all.back().credentials.version = SnmpVersion::v2c;
    all.push_back(candidate);
    all.back().credentials.version = SnmpVersion::v1;
  }
  return all;
}

}  // namespace

std::optional<Admitted> try_candidates(Talk& talk, usm::KeyCache& keys,
                                       const std::vector<Candidate>& candidates, Duration patience,
                                       Facts& facts) {
  std::optional<Admitted> best;
  for (const Candidate& candidate : with_versions(candidates)) {
    Attempt made = described(candidate);
    Result<Speaker> speaker = Speaker::make(candidate.credentials, keys);
    if (speaker) {
      try_in(talk, *speaker, {patience, 2}, made);
      if (is_public(candidate.credentials)) {
        (made.version == SnmpVersion::v1 ? facts.public_v1 : facts.public_v2c) = made.works;
      }
    } else {
      made.problem = speaker.error();
    }
    if (made.works && (!best || rank(candidate.credentials) > rank(best->credentials))) {
      best.emplace(Admitted{std::move(*speaker), candidate.credentials});
      facts.used = facts.attempts.size();
    }
    facts.attempts.push_back(std::move(made));
  }
  return best;
}

void guess(Talk& talk, usm::KeyCache& keys, const std::vector<Candidate>& candidates,
           const Credentials* used, Duration patience, Facts& facts) {
  const bool known =
      std::any_of(candidates.begin(), candidates.end(),
                  [](const Candidate& candidate) { return is_public(candidate.credentials); });
  Credentials open;
  open.community.set("public");
  if (!known) {
    open.version = SnmpVersion::v2c;
    facts.public_v2c = gets_in(talk, keys, open, patience);
    open.version = SnmpVersion::v1;
    facts.public_v1 = gets_in(talk, keys, open, patience);
  }
  if (used != nullptr && used->version == SnmpVersion::v3 && used->auth != SnmpAuth::none) {
    open = Credentials{};
    open.version = SnmpVersion::v3;
    open.user = used->user;
    open.context = used->context;
    facts.no_auth = gets_in(talk, keys, open, patience);
  }
}

}  // namespace itnxt::snmp::survey
