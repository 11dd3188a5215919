#include "daemon/core/units.hpp"

#ifdef FORBIDDEN
auto ratio = itnxt::utilization(itnxt::PacketsPerSecond(1), itnxt::BytesPerSecond(2));
#else
auto ratio = itnxt::utilization(itnxt::BytesPerSecond(1), itnxt::BytesPerSecond(2));
#endif
