// Talkers on the wire: the part of the codec that is theirs. Internal to this folder.
#pragma once

#include <cstddef>

#include "daemon/core/talkers.hpp"
#include "daemon/wire/fields.hpp"
#include "daemon/wire/itnxt.pb.h"

namespace itnxt::wire {

void put_talkers(const TalkersSample& from, v1::Talkers& to);
void take_talkers(const v1::Talkers& from, std::size_t number, Problem& problem, TalkersSample& to);

}  // namespace itnxt::wire
