#include "collectors/pcap/insight/flow_cache.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

namespace itnxt::pcap {
namespace {

constexpr std::size_t kHugePage = 2U << 20U;
constexpr std::size_t kMostSets = std::size_t{1}
                                  << 21U;  // a place holds six bits of a hash, at least

}  // namespace

// Fresh pages are zero, and not resident until they are written. All zeros is an empty Set and a
// Flow like any other, so nothing has to be constructed page by page. Huge pages, where there are
// any, save a walk through the page table for nearly each packet; so it begins with one.
FlowCache::FlowCache(std::size_t flows) : memory_(nullptr, Unmap{}) {
  const std::size_t sets =
      std::bit_ceil(std::clamp<std::size_t>((flows + kWays - 1) / kWays, 1, kMostSets));
  const std::size_t bytes = sets * sizeof(Set) + (sets * kWays + 1) * sizeof(Flow);
  std::size_t mapped = bytes + kHugePage;
  void* memory =
      ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = std::unique_ptr<void, Unmap>(memory, Unmap(mapped));
  (void)::madvise(memory, mapped, MADV_HUGEPAGE);
  (void)std::align(kHugePage, bytes, memory, mapped);
  sets_ = {static_cast<Set*>(memory), sets};
  flows_ = static_cast<Flow*>(static_cast<void*>(sets_.data() + sets));
  numbers_ = static_cast<std::uint32_t>(2 * sets * kWays - 1);  // from 1 to the capacity
}

void FlowCache::Unmap::operator()(void* memory) const {
  (void)::munmap(memory, bytes);
}

}  // namespace itnxt::pcap
