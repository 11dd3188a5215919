#include "daemon/core/ids.hpp"

#ifdef FORBIDDEN
itnxt::LinkName link = itnxt::DeviceName("r1");
#else
itnxt::LinkName link = itnxt::LinkName("r1");
#endif
