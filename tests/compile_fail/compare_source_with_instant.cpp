#include "daemon/core/time.hpp"

#ifdef FORBIDDEN
bool older(itnxt::SourceTime sample, itnxt::Instant now) {
  return sample < now;
}
#else
bool older(itnxt::SourceTime sample, itnxt::SourceTime other) {
  return sample < other;
}
#endif
