#include "collectors/pcap/insight/flow_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace itnxt::pcap {

// calloc of megabytes is fresh pages: zero, and not resident until they are written. All zeros is
// an empty Set and a Flow like any other, so nothing has to be constructed page by page.
FlowCache::FlowCache(std::size_t flows) {
  const std::size_t sets = std::bit_ceil(std::max<std::size_t>(1, (flows + kWays - 1) / kWays));
  const std::size_t bytes = sets * (sizeof(Set) + kWays * sizeof(Flow));
  constexpr std::size_t kLine = alignof(Flow);
  memory_.reset(std::calloc(1, bytes + kLine));
  if (!memory_) throw std::bad_alloc();
  void* start = memory_.get();
  std::size_t space = bytes + kLine;
  std::align(kLine, bytes, start, space);
  sets_ = {static_cast<Set*>(start), sets};
  flows_ =
      static_cast<Flow*>(static_cast<void*>(static_cast<std::byte*>(start) + sets * sizeof(Set)));
}

void FlowCache::Free::operator()(void* memory) const {
  std::free(memory);
}

}  // namespace itnxt::pcap
