// The flows seen lately, in memory that is fixed when it is made. Sets of eight; a flow that comes
// into a full set takes the place of the one that was silent the longest. Nothing is allocated for
// a packet, and nobody can make a lookup long: it looks at one line of tags and, as a rule, one
// flow. Memory that no flow has used is not resident. One thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "collectors/pcap/insight/flow.hpp"

namespace itnxt::pcap {

class FlowCache {
 public:
  static constexpr std::size_t kWays = 8;

  // At least `flows`, as many as fill a power of two of sets. Throws std::bad_alloc.
  explicit FlowCache(std::size_t flows);
  FlowCache(const FlowCache&) = delete;
  FlowCache& operator=(const FlowCache&) = delete;

  [[nodiscard]] std::size_t capacity() const { return sets_.size() * kWays; }

  // The two steps ahead of place(), so that it need not wait for memory: first this, …
  [[gnu::always_inline]] void prefetch_set(std::uint64_t hash) const {
    __builtin_prefetch(&sets_[set_of(hash)]);
  }
  // … some packets later this, and place() after some more, with what it returns: the way where the
  // flow seems to be. `whole`: the second line, too.
  // Inline for certain: g++ takes a function that only prefetches for one that does nothing and
  // drops its calls.
  [[gnu::always_inline]] std::uint8_t prefetch_flow(std::uint64_t hash, bool whole) const {
    const std::size_t set = set_of(hash);
    const unsigned ways = ways_of(sets_[set], tag_of(hash));
    const auto way = static_cast<std::uint8_t>(std::countr_zero(ways | 1U << (kWays - 1)));
    const Flow* const flow = &flows_[set * kWays + way];
    __builtin_prefetch(flow, 1);
    if (whole) __builtin_prefetch(&flow->half, 1);
    return way;
  }

  // The key's flow; where there is none, one made of the key, after `evict(flow, silent)` for the
  // one that has to go. `fresh`: it was made. `guess`: the way to look at first, any. Valid until
  // the next place() or sweep().
  template <class Evict>
  Flow& place(const FlowKey& key, std::uint64_t hash, Micros now, bool& fresh, Evict&& evict,
              std::uint8_t guess = 0) {
    const std::size_t at = set_of(hash);
    Flow& guessed = flows_[at * kWays + guess];
    fresh = false;
    if (sets_[at].tags[guess] == tag_of(hash) && guessed.key() == key) [[likely]] {
      sets_[at].seen[guess] = now;
      return guessed;
    }
    return search(key, hash, now, fresh, evict);
  }

  // Each flow and how long it has been silent, in microseconds; what `keep(flow, silent)` denies
  // goes.
  template <class Keep>
  void sweep(Micros now, Keep&& keep) {
    for (std::size_t at = 0; at < sets_.size(); ++at) {
      Set& set = sets_[at];
      for (std::size_t way = 0; way < kWays; ++way) {
        if (set.tags[way] == kEmpty) continue;
        if (!keep(flows_[at * kWays + way], since(now, set.seen[way]))) set.tags[way] = kEmpty;
      }
    }
  }

 private:
  static constexpr std::uint32_t kEmpty = 0;
  struct alignas(64) Set {
    std::array<std::uint32_t, kWays> tags;
    std::array<Micros, kWays> seen;
  };
  struct Unmap {
    explicit Unmap(std::size_t mapped = 0) : bytes(mapped) {}
    std::size_t bytes;
    void operator()(void* memory) const;
  };

  template <class Evict>
  [[gnu::noinline]] Flow& search(const FlowKey& key, std::uint64_t hash, Micros now, bool& fresh,
                                 Evict& evict) {
    const std::size_t at = set_of(hash);
    Set& set = sets_[at];
    const std::uint32_t tag = tag_of(hash);
    Flow* const flows = &flows_[at * kWays];
    for (unsigned ways = ways_of(set, tag); ways != 0; ways &= ways - 1) {
      const auto way = static_cast<unsigned>(std::countr_zero(ways));
      if (!(flows[way].key() == key)) continue;
      set.seen[way] = now;
      return flows[way];
    }
    const std::size_t way = victim(set, now);
    if (set.tags[way] != kEmpty) evict(flows[way], since(now, set.seen[way]));
    set.tags[way] = tag;
    set.seen[way] = now;
    flows[way] = Flow{};
    flows[way].address = key.address;
    flows[way].ports = key.ports;
    flows[way].protocol = key.protocol;
    fresh = true;
    return flows[way];
  }

  [[nodiscard]] std::size_t set_of(std::uint64_t hash) const { return hash & (sets_.size() - 1); }
  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U) | 1U;
  }
  // Four numbers in one register, whatever the machine calls it.
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  // A bit for each way that bears the tag. Without a branch: which one it is cannot be foretold.
  static unsigned ways_of(const Set& set, std::uint32_t tag) {
    const Four wanted = {tag, tag, tag, tag};
    const Four low = {1, 2, 4, 8};
    const Four high = {16, 32, 64, 128};
    Four first, second;
    std::memcpy(&first, set.tags.data(), sizeof first);
    std::memcpy(&second, set.tags.data() + 4, sizeof second);
    Four bits = (std::bit_cast<Four>(first == wanted) & low) |
                (std::bit_cast<Four>(second == wanted) & high);
    bits |= __builtin_shufflevector(bits, bits, 2, 3, 0, 1);
    bits |= __builtin_shufflevector(bits, bits, 1, 0, 3, 2);
    return bits[0];
  }
  static std::size_t victim(const Set& set, Micros now) {
    std::size_t oldest = 0;
    std::int32_t longest = -1;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.tags[way] == kEmpty) return way;
      const std::int32_t silent = since(now, set.seen[way]);
      if (silent > longest) {
        longest = silent;
        oldest = way;
      }
    }
    return oldest;
  }

  std::unique_ptr<void, Unmap> memory_;
  std::span<Set> sets_;
  Flow* flows_ = nullptr;
};

}  // namespace itnxt::pcap
