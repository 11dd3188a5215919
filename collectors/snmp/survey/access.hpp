// The part of a survey that finds out who gets in.
#pragma once

#include <optional>
#include <vector>

#include "collectors/snmp/survey/survey.hpp"
#include "collectors/snmp/survey/talk.hpp"

namespace itnxt::snmp::survey {

// Who asks the rest of the questions.
struct Admitted {
  Speaker speaker;
  Credentials credentials;
};

// Tries each candidate, a community under both of its versions, and files how it went. The one that
// protects its messages best goes on; absent: nobody got in.
[[nodiscard]] std::optional<Admitted> try_candidates(Talk& talk, usm::KeyCache& keys,
                                                     const std::vector<Candidate>& candidates,
                                                     Duration patience, Facts& facts);

// What should not get in, and may: community "public", and the user in `used` (null: none) without
// authentication.
void guess(Talk& talk, usm::KeyCache& keys, const std::vector<Candidate>& candidates,
           const Credentials* used, Duration patience, Facts& facts);

}  // namespace itnxt::snmp::survey
