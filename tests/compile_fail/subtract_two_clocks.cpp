#include "daemon/core/time.hpp"

#ifdef FORBIDDEN
itnxt::Duration age(itnxt::WallTime now, itnxt::Instant then) {
  return now - then;
}
#else
itnxt::Duration age(itnxt::Instant now, itnxt::Instant then) {
  return now - then;
}
#endif
