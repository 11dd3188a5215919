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

Request ask_uptime() {
  Request request;
  request.add({1, 3, 6, 1, 2, 1, 1, 3, 0});
  return request;
}

void judge(const Answer& answer, Attempt& made) {
  switch (answer.kind) {
    case Answer::Kind::message:
      // An error is an answer too: who asked was let in.
      made.works = made.heard = true;
      made.answered_late = answer.tries > 1;
      return;
    case Answer::Kind::silence:
      made.problem = answer.tries == 0 ? "not asked: the time was up" : "no answer";
      if (!answer.why.empty()) made.problem += "; " + answer.why;
      return;
    case Answer::Kind::refusal:
      made.heard = true;
      made.problem = answer.why;
      return;
    case Answer::Kind::not_sent:
      made.problem = answer.why;
      return;
  }
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
  return who && talk.ask(*who, ask_uptime(), {patience, 1}).good();
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
      judge(talk.ask(*speaker, ask_uptime(), {patience, 2}), made);
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
