#include "daemon/core/sample.hpp"

namespace itnxt {

// The sizes that the memory budget of README.md counts with.
static_assert(sizeof(CounterSet) <= 112);
static_assert(sizeof(InterfaceSample) <= 312);

}  // namespace itnxt
