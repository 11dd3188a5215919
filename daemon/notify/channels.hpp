// The one table of channel kinds.
#pragma once

#include <memory>

#include "daemon/notify/notifier.hpp"

namespace itnxt {

// `start`: counts so far, so that a channel changed by a reload goes on counting.
std::unique_ptr<Notifier> make_notifier(const Channel& channel, NotifierContext context,
                                        BoardChannel start);

}  // namespace itnxt
