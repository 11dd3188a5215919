// What was told last of each state that events tell, so that a collector that starts again, and
// sees what its predecessor saw, tells nothing; what was told lately that may come again
// (Event::once); and what collectors remember themselves, so that they tell what has changed
// meanwhile. Pure; the EventLog keeps it on the disk, in one commit with the event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/event.hpp"

namespace itnxt {

using Memories = std::vector<std::pair<std::string, std::string>>;  // name, what
enum class Recall : std::uint8_t { of_name, of_prefix };            // what is asked for

class ToldStates {
 public:
  using Kinds = std::map<std::string, std::string>;  // by state; empty: nothing to remember
  // More than so many are not remembered: then they are told again.
  static constexpr std::size_t kMost = 20'000;
  // Of one memory, and of all: what is larger is not remembered, nor what it would replace.
  static constexpr std::size_t kMostOfMemory = std::size_t{256} << 10;
  static constexpr std::size_t kMostBytes = std::size_t{32} << 20;
  // By the events' own wall clocks; of the last kMostOnce.
  static constexpr Duration kOnceWithin = 10min;
  static constexpr std::size_t kMostOnce = 16'384;

  // Whether the event says anything new; if so, it is what was told last.
  [[nodiscard]] bool is_news(const Event& event);

  // The event was lost before it was on the disk: it is news if it comes again.
  void take_back(const std::string& once, WallTime wall);

  // A collector's own memories, beside the states; kMost of both.
  void remember(const std::string& name, std::string what);
  [[nodiscard]] Memories recall(std::string_view name, Recall which) const;  // by name

  void load(Kinds told);
  [[nodiscard]] bool has_changes() const { return !changes_.empty(); }
  // For the disk, since the last call, where there is one; bounded without. What did not get there
  // is given back.
  [[nodiscard]] Kinds take_changes() { return std::exchange(changes_, {}); }
  void give_back(Kinds changes);
  void give_back_all() { give_back(told_); }

 private:
  // When, and under which key of told_: kOnce and the name.
  using Once = std::pair<WallTime, std::string>;
  bool is_news_of_state(const Event& event);
  bool is_news_of_once(const Event& event);
  void forget(std::set<Once>::iterator once);
  [[nodiscard]] bool has_room(std::size_t bytes, std::size_t instead_of) const;

  Kinds told_;
  std::size_t memory_bytes_ = 0;  // of all memories
  std::set<Once> once_;
  Kinds changes_;
};

}  // namespace itnxt
