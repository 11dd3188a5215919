// The answers on their way to clients, each holding the state it is made from. A client that reads
// a byte now and then must not make us keep every state there ever was: an answer whose state is
// too old breaks off. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/io/http_body.hpp"

namespace itnxt {

// States are published every 100 ms at most: two minutes and more for a scrape.
inline constexpr std::uint64_t kOldestGeneration = 1200;

class LiveBody {
 public:
  LiveBody(BodyReader reader, std::uint64_t generation)
      : reader_(std::move(reader)), generation_(generation) {}
  // Fills up to `size` bytes; 0 at the end; absent: broken off.
  std::optional<std::size_t> read(char* buffer, std::size_t size);
  void break_off();
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

 private:
  std::mutex mutex_;
  BodyReader reader_;  // empty: broken off
  const std::uint64_t generation_;
};

class LiveBodies {
 public:
  // `generation`: of the state that is published now (Published::generation). Breaks off what is
  // too old by then.
  std::shared_ptr<LiveBody> add(BodyReader reader, std::uint64_t generation);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<LiveBody>> bodies_;  // as many as connections, at most
};

}  // namespace itnxt
