// The heaviest of very many keys in constant memory: space-saving (Metwally, Agrawal, El Abbadi:
// "Efficient computation of frequent and top-k elements in data streams", ICDT 2005), partitioned:
// a key's hash names a bucket of kWays counters, and each bucket is a space-saving sketch of the
// keys that fall into it. No heap, no list, no allocation after construction; one add touches
// one bucket.
//
// For each row: weight - error ≤ true weight ≤ weight. A key heavier than 1/kWays of its bucket is
// in the sketch for certain; with a keyed hash a bucket gets 1/buckets of the light keys, so that
// is about 1/rows of the whole. Which row goes is decided by the weight alone. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace itnxt::pcap {

// `Extra`: what else is summed for a key, since it has its row: lower bounds where error > 0.
template <class Key, class Extra>
class HeavyHitters {
 public:
  struct Row {
    Key key{};
    Extra extra{};
    std::uint64_t weight = 0;
    std::uint64_t error = 0;
  };
  static constexpr std::size_t kWays = 16;

  // At least `rows`, as many as fill a power of two of buckets.
  explicit HeavyHitters(std::size_t rows)
      : buckets_(std::bit_ceil(std::max<std::size_t>(1, rows / kWays))),
        rows_(buckets_.size() * kWays) {}

  [[nodiscard]] std::size_t capacity() const { return rows_.size(); }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&buckets_[at(hash)]); }

  // `weight` > 0. The row's extra, for the caller to add to; valid until the next add().
  Extra& add(const Key& key, std::uint64_t hash, std::uint64_t weight) {
    const std::size_t place = at(hash);
    Bucket& bucket = buckets_[place];
    Row* const rows = &rows_[place * kWays];
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    std::size_t lightest = 0;
    for (std::size_t i = 0; i < kWays; ++i) {
      if (bucket.tags[i] == tag && bucket.weights[i] != 0 && rows[i].key == key) {
        bucket.weights[i] += weight;
        return rows[i].extra;
      }
      if (bucket.weights[i] < bucket.weights[lightest]) lightest = i;
    }
    rows[lightest] = {key, {}, 0, bucket.weights[lightest]};
    bucket.tags[lightest] = tag;
    bucket.weights[lightest] += weight;
    return rows[lightest].extra;
  }

  // The `most` heaviest, heaviest first.
  [[nodiscard]] std::vector<Row> top(std::size_t most) const {
    std::vector<std::size_t> order;
    order.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (weight(i) != 0) order.push_back(i);
    }
    const std::size_t count = std::min(most, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                      order.end(), [this](std::size_t a, std::size_t b) {
                        return weight(a) != weight(b) ? weight(a) > weight(b) : a < b;
                      });
    std::vector<Row> found;
    found.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      found.push_back(rows_[order[i]]);
      found.back().weight = weight(order[i]);
    }
    return found;
  }

  void clear() { std::fill(buckets_.begin(), buckets_.end(), Bucket{}); }

 private:
  struct alignas(64) Bucket {
    std::array<std::uint32_t, kWays> tags{};
    std::array<std::uint64_t, kWays> weights{};  // 0: empty
  };
  [[nodiscard]] std::size_t at(std::uint64_t hash) const { return hash & (buckets_.size() - 1); }
  [[nodiscard]] std::uint64_t weight(std::size_t row) const {
    return buckets_[row / kWays].weights[row % kWays];
  }

  std::vector<Bucket> buckets_;
  std::vector<Row> rows_;
};

}  // namespace itnxt::pcap
