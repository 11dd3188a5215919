// Events on the wire: the part of the codec that is theirs. Internal to this folder.
#pragma once

#include <cstddef>

#include "daemon/core/event.hpp"
#include "daemon/wire/fields.hpp"
#include "daemon/wire/itnxt.pb.h"

namespace itnxt::wire {

inline constexpr std::size_t kEventName = 64;  // bytes of text, see itnxt.proto
inline constexpr std::size_t kEventText = 512;

void put_events(const EventBatch& from, v1::EventBatch& to);
void take_events(const v1::EventBatch& from, Problem& problem, EventBatch& to);

}  // namespace itnxt::wire
