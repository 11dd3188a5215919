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

#include "daemon/core/time.hpp"
#include "daemon/io/http_body.hpp"

namespace itnxt {

// How old a state may become while it is sent.
inline constexpr Duration kOldestState = 2min;

class LiveBody {
 public:
  LiveBody(BodyReader reader, Instant state) : reader_(std::move(reader)), state_(state) {}
  // Fills up to `size` bytes; 0 at the end; absent: broken off.
  std::optional<std::size_t> read(char* buffer, std::size_t size);
  void break_off();
  [[nodiscard]] Instant state() const { return state_; }

 private:
  std::mutex mutex_;
  BodyReader reader_;    // empty: broken off
  const Instant state_;  // when the state it is made from was
};

class LiveBodies {
 public:
  // `state`: when the state that is published now was (Snapshot::at). Breaks off what is too old by
  // then.
  std::shared_ptr<LiveBody> add(BodyReader reader, Instant state);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<LiveBody>> bodies_;  // as many as connections, at most
};

}  // namespace itnxt
