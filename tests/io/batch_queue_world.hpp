// A BatchQueue whose sockets and disk are the test's.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/io/batch_queue.hpp"

namespace itnxt::test {

inline const CollectorName kSnmp("snmp");
inline const CollectorName kTap("tap");
inline constexpr std::uint64_t kEpoch = 77;
inline constexpr Instant kStart{};
inline constexpr std::uint64_t kBatch = 193;  // what a batch of one digit takes of the bounds

class DeliveryTest : public testing::Test {
 protected:
  void make(BatchQueueLimits limits, std::size_t endpoints) {
    limits.first_flight = Bytes(4 * kBatch + 8);  // four, of two digits too
    queue.emplace(limits, endpoints);
    snmp = queue->add_source(kSnmp, kEpoch);
    queue->set_interval(snmp, 60s);
  }
  // Batches whose one part is their number as text.
  void push(std::uint64_t first, std::uint64_t last, Instant now = kStart) {
    for (std::uint64_t i = first; i <= last; ++i) {
      queue->push(snmp, i, {std::to_string(i)}, now, now);
    }
  }
  // Sends all that may be sent.
  std::vector<std::string> pump(std::size_t endpoint, Instant now = kStart) {
    std::vector<std::string> out;
    while (const auto next = queue->next(endpoint, now)) {
      out.push_back(next->parts->front());
      announced = next->lost;
      queue->sent(endpoint, now);
    }
    return out;
  }
  bool ack(std::size_t endpoint, std::uint64_t sequence, Instant now = kStart,
           std::uint32_t credit = wire::kCredit) {
    return queue->acknowledge(endpoint, {kSnmp, kEpoch, sequence, credit}, now);
  }
  // Everything goes, each batch answered at once; in the order in which it went.
  std::vector<std::string> deliver(std::size_t endpoint, Instant now = kStart) {
    std::vector<std::string> out;
    while (const auto next = queue->next(endpoint, now)) {
      out.push_back(next->parts->front());
      announced = next->lost;
      queue->sent(endpoint, now);
      EXPECT_TRUE(ack(endpoint, std::stoull(out.back()), now));
    }
    return out;
  }
  // A disk that takes everything; what it holds stands at its id.
  void store(Instant now, bool everything = false) {
    for (auto& one : queue->to_store(now, 1U << 30U, everything)) {
      disk[static_cast<std::uint32_t>(one.id)] = *one.body;
      const BatchQueue::Place place{1, static_cast<std::uint32_t>(one.id)};
      const auto id = one.id;
      const auto who = one.who;
      one.body = nullptr;
      queue->stored(id, place, who);
    }
  }
  std::size_t read(std::size_t endpoint, Instant now) {
    const auto wanted = queue->to_read(endpoint, now);
    for (const auto& one : wanted) queue->loaded(endpoint, one.id, disk.at(one.place.at));
    queue->all_loaded(endpoint);
    return wanted.size();
  }

  std::optional<BatchQueue> queue;
  BatchQueue::Source snmp = 0;
  std::uint64_t announced = 0;
  std::map<std::uint32_t, wire::Parts> disk;
};

}  // namespace itnxt::test
