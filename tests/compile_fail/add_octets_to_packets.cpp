#include "daemon/core/units.hpp"

#ifdef FORBIDDEN
auto sum = itnxt::Bytes(1) + itnxt::Packets(1);
#else
auto sum = itnxt::Bytes(1) + itnxt::Bytes(1);
#endif
