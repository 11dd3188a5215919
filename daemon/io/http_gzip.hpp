// Compresses a body while it is read. Level 1: a scrape is text that repeats itself, and the
// network it crosses is fast.
#pragma once

#include "daemon/io/http_body.hpp"

namespace itnxt {

// Throws std::bad_alloc only.
BodyReader gzip(BodyReader plain);

}  // namespace itnxt
