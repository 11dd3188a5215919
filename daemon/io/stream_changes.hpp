// What of a snapshot goes to the live stream: what somebody subscribed to and what changed since it
// was last sent. Pure; the topics and messages: StreamMessage in daemon/wire/itnxt.proto.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/alert/board.hpp"
#include "daemon/state/snapshot.hpp"
#include "daemon/wire/stream.hpp"

namespace itnxt {

class StreamChanges {
 public:
  static constexpr std::size_t kMaxSubscriptions = 4096;
  static constexpr std::size_t kMaxSubscribedBytes = std::size_t{64} << 10;
  static constexpr std::size_t kMostInterfaces =
      4000;  // of one round, which has to fit into a reader's queue

  explicit StreamChanges(std::uint64_t epoch) : epoch_(epoch) {}

  // False: that would be too many, in number or bytes. What is subscribed anew is sent whole, at
  // most every 5 s.
  bool subscribe(std::string_view prefix);
  void unsubscribe(std::string_view prefix);
  void unsubscribe_all();

  using Emit = std::function<void(std::string_view topic, std::string_view payload)>;
  // Without subscriptions it costs nothing.
  void round(const std::shared_ptr<const Snapshot>& snapshot,
             const std::shared_ptr<const Board>& board, const Emit& emit);

 private:
  // A device's interfaces as they were sent last.
  struct Slot {
    DeviceName name;
    std::shared_ptr<const DeviceView> sent;
    std::uint64_t generation = 0;
  };
  void forget();
  [[nodiscard]] bool wants(std::string_view topic) const;
  [[nodiscard]] bool may_want(std::string_view beginning) const;
  void links(const Snapshot& snapshot, bool all);
  void interfaces(const Snapshot& snapshot);
  std::size_t device(Slot& slot, const std::shared_ptr<const DeviceView>& now);
  void align(const Snapshot& snapshot);
  void alerts(const Board& board, bool all);
  void crisis(const Board& board, bool all);
  void alert(const BoardAlert& alert, std::string_view state);
  template <class State>
  void send(const std::string& topic, State state);

  std::uint64_t epoch_;
  std::set<std::string, std::less<>> prefixes_;
  std::array<std::size_t, 257> lengths_{};  // how many prefixes have this length
  std::size_t subscribed_bytes_ = 0;
  bool is_new_ = false;           // a subscription
  std::uint64_t generation_ = 1;  // of whole sendings
  Instant whole_at_{};            // the last whole sending
  bool sent_before_ = false;
  std::unordered_map<std::string, std::uint64_t> sequences_;  // by topic
  std::unordered_map<std::string, wire::LinkState> links_;
  std::vector<Slot> slots_;
  std::size_t cursor_ = 0;
  std::shared_ptr<const Board> board_;
  WallTime now_{};
  const Emit* emit_ = nullptr;
};

}  // namespace itnxt
