// The flows seen lately, in memory that is fixed when it is made. Sets of eight; a flow that comes
// into a full set takes the place of the one that was silent the longest. Nothing is allocated for
// a packet, and nobody can make a lookup long: it looks at one line of tags and, as a rule, one
// flow. Flows lie side by side in the order in which they came, so that as few pages as possible
// are in use: what a look-up costs is the way to the page. Memory that no flow has used is not
// resident. One thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "collectors/pcap/insight/flow.hpp"

namespace itnxt::pcap {

class FlowCache {
 public:
  static constexpr std::size_t kWays = 8;

  // At least `flows` (at most 2^24), as many as fill a power of two of sets. Throws std::bad_alloc.
  explicit FlowCache(std::size_t flows);
  FlowCache(const FlowCache&) = delete;
  FlowCache& operator=(const FlowCache&) = delete;
  // What it held is forgotten; the other one is good for nothing then.
  FlowCache& operator=(FlowCache&&) = default;

  [[nodiscard]] std::size_t capacity() const { return sets_.size() * kWays; }

  // The two steps ahead of place(), so that it need not wait for memory: first this, …
  [[gnu::always_inline]] void prefetch_set(std::uint64_t hash) const {
    __builtin_prefetch(&sets_[set_of(hash)]);
  }
  // … some packets later this, and place() after some more, with what it returns: the way where the
  // flow seems to be. `whole`: the second line, too.
  // Inline for certain: g++ takes a function that only prefetches for one that does nothing and
  // drops its calls.
  [[nodiscard]] [[gnu::always_inline]] std::uint8_t prefetch_flow(std::uint64_t hash,
                                                                  bool whole) const {
    const Set& set = sets_[set_of(hash)];
    const unsigned ways = ways_of(set, tag_of(hash));
    const auto way = static_cast<std::uint8_t>(std::countr_zero(ways | 1U << (kWays - 1)));
    const Flow* const flow = &flows_[set.places[way] & numbers_];
    __builtin_prefetch(flow, 1);
    if (whole) __builtin_prefetch(&flow->half, 1);
    return way;
  }

  // The key's flow; where there is none, one made of the key, after `evict(flow, silent)` for the
  // one that has to go. `fresh`: it was made. `guess`: the way to look at first, any. Valid until
  // the next place() or sweep().
  template <class Evict>
  [[gnu::always_inline]] Flow& place(const FlowKey& key, std::uint64_t hash, Micros now,
                                     bool& fresh, Evict&& evict, std::uint8_t guess = 0) {
    Set& set = sets_[set_of(hash)];
    const std::uint32_t place = set.places[guess];
    Flow& guessed = flows_[place & numbers_];
    fresh = false;
    if ((place & ~numbers_) == tag_of(hash) && guessed.key() == key) [[likely]] {
      set.seen[guess] = now;
      return guessed;
    }
    const Found found = search(key, hash, now, evict);
    fresh = found.fresh;
    return *found.flow;
  }

  // Each flow and how long it has been silent, in microseconds; what `keep(flow, silent)` denies
  // goes.
  template <class Keep>
  void sweep(Micros now, Keep&& keep) {
    for (std::size_t at = 0; at < sets_.size(); ++at) {
      Set& set = sets_[at];
      const Set& later = sets_[(at + 2) & (sets_.size() - 1)];
      for (const std::uint32_t place : later.places)
        __builtin_prefetch(&flows_[place & numbers_], 1);
      for (std::size_t way = 0; way < kWays; ++way) {
        if (set.places[way] == kEmpty) continue;
        const std::uint32_t number = set.places[way] & numbers_;
        if (keep(flows_[number], since(now, set.seen[way]))) continue;
        set.places[way] = kEmpty;
        give_back(number);
      }
    }
  }

 private:
  static constexpr std::uint32_t kEmpty = 0;
  struct alignas(64) Set {
    // Of each flow a part of its hash, and its number below it.
    std::array<std::uint32_t, kWays> places;
    std::array<Micros, kWays> seen;
  };
  struct Unmap {
    explicit Unmap(std::size_t mapped = 0) : bytes(mapped) {}
    std::size_t bytes;
    void operator()(void* memory) const;
  };

  struct Found {  // in registers: what lies in memory is guarded, and read again
    Flow* flow;
    bool fresh;
  };
  template <class Evict>
  [[gnu::noinline]] Found search(const FlowKey& key, std::uint64_t hash, Micros now, Evict& evict) {
    Set& set = sets_[set_of(hash)];
    const std::uint32_t tag = tag_of(hash);
    for (unsigned ways = ways_of(set, tag); ways != 0; ways &= ways - 1) {
      const auto way = static_cast<unsigned>(std::countr_zero(ways));
      Flow& flow = flows_[set.places[way] & numbers_];
      if (!(flow.key() == key)) continue;
      set.seen[way] = now;
      return {&flow, false};
    }
    const std::size_t way = victim(set, now);
    std::uint32_t number = set.places[way] & numbers_;
    if (set.places[way] == kEmpty) {
      number = take();
    } else {
      evict(flows_[number], since(now, set.seen[way]));
    }
    set.places[way] = tag | number;
    set.seen[way] = now;
    Flow& flow = flows_[number];
    flow = Flow{};
    flow.address = key.address;
    flow.ports = key.ports;
    flow.protocol = key.protocol;
    return {&flow, true};
  }

  // There is always one: there are as many numbers as places in the sets.
  std::uint32_t take() {
    if (free_ == 0) return ++used_;
    return std::exchange(free_, flows_[free_].packets);
  }
  void give_back(std::uint32_t number) { flows_[number].packets = std::exchange(free_, number); }

  [[nodiscard]] std::size_t set_of(std::uint64_t hash) const { return hash & (sets_.size() - 1); }
  // Its highest bit is set, so that no tag is that of an empty place.
  [[nodiscard]] std::uint32_t tag_of(std::uint64_t hash) const {
    return (static_cast<std::uint32_t>(hash >> 32U) | 0x8000'0000U) & ~numbers_;
  }
  // Four numbers in one register, whatever the machine calls it.
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  // A bit for each way that bears the tag. Without a branch: which one it is cannot be foretold.
  [[nodiscard]] unsigned ways_of(const Set& set, std::uint32_t tag) const {
    const Four wanted = {tag, tag, tag, tag};
    const Four tags = {~numbers_, ~numbers_, ~numbers_, ~numbers_};
    const Four low = {1, 2, 4, 8};
    const Four high = {16, 32, 64, 128};
    Four first, second;
    std::memcpy(&first, set.places.data(), sizeof first);
    std::memcpy(&second, set.places.data() + 4, sizeof second);
    Four bits = (std::bit_cast<Four>((first & tags) == wanted) & low) |
                (std::bit_cast<Four>((second & tags) == wanted) & high);
    bits |= __builtin_shufflevector(bits, bits, 2, 3, 0, 1);
    bits |= __builtin_shufflevector(bits, bits, 1, 0, 3, 2);
    return bits[0];
  }
  static std::size_t victim(const Set& set, Micros now) {
    std::size_t oldest = 0;
    std::int32_t longest = -1;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.places[way] == kEmpty) return way;
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
  Flow* flows_ = nullptr;      // the one of number 0 is nobody's
  std::uint32_t numbers_ = 0;  // the bits of a place that are a flow's number
  std::uint32_t used_ = 0;     // numbers given out so far
  std::uint32_t free_ = 0;     // given back: the last of them; each names the one before
};

}  // namespace itnxt::pcap
