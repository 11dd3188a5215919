// The flows seen lately, in memory that is fixed when it is made. Sets of eight; a flow that comes
// into a full set takes the place of the one that was silent the longest. Nothing is allocated for
// a packet, and nobody can make a lookup long: it looks at one line of tags and, as a rule, one
// flow. Memory that no flow has used is not resident. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

  // The two steps ahead of place(), so that it need not wait for memory: first for many packets,
  // then for the same again, then place().
  void prefetch_set(std::uint64_t hash) const { __builtin_prefetch(&sets_[set_of(hash)]); }
  void prefetch_flow(std::uint64_t hash) const {
    const std::size_t set = set_of(hash);
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t way = 0; way < kWays; ++way) {
      if (sets_[set].tags[way] != tag) continue;
      const Flow* const flow = &flows_[set * kWays + way];
      __builtin_prefetch(flow);
      __builtin_prefetch(&flow->half);
      return;
    }
  }

  // The key's flow; where there is none, one made of the key, after `evict(flow, silent)` for the
  // one that has to go. `fresh`: it was made. Valid until the next place() or sweep().
  template <class Evict>
  Flow& place(const FlowKey& key, std::uint64_t hash, Micros now, bool& fresh, Evict&& evict) {
    const std::size_t at = set_of(hash);
    Set& set = sets_[at];
    const std::uint32_t tag = tag_of(hash);
    Flow* const flows = &flows_[at * kWays];
    fresh = false;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.tags[way] == tag && same(flows[way], key)) {
        set.seen[way] = now;
        return flows[way];
      }
    }
    const std::size_t way = victim(set, now);
    if (set.tags[way] != kEmpty) evict(flows[way], since(now, set.seen[way]));
    set.tags[way] = tag;
    set.seen[way] = now;
    flows[way] = Flow{};
    flows[way].address = key.address;
    flows[way].port = key.port;
    flows[way].protocol = key.protocol;
    fresh = true;
    return flows[way];
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
  struct Free {
    void operator()(void* memory) const;
  };

  [[nodiscard]] std::size_t set_of(std::uint64_t hash) const { return hash & (sets_.size() - 1); }
  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U) | 1U;
  }
  static bool same(const Flow& flow, const FlowKey& key) {
    return flow.address == key.address && flow.port == key.port && flow.protocol == key.protocol;
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

  std::unique_ptr<void, Free> memory_;
  std::span<Set> sets_;
  Flow* flows_ = nullptr;
};

}  // namespace itnxt::pcap
