// How many events an interface may cause: one that flaps must not drown the others. Each has
// windows of a second, in which the first kMostInWindow changes are told one by one and the rest as
// a number when the window is over. Pure; bounded. Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/time.hpp"

namespace itnxt::host {

class EventLimit {
 public:
  static constexpr std::uint32_t kMostInWindow = 10;
  static constexpr Duration kWindow = 1s;
  // Interfaces with a window at a time; changes of more are counted only. Far more than go down
  // together on any node: it bounds the memory when interfaces are made and removed without end.
  static constexpr std::size_t kMostWindows = 16'384;

  // Whether the change of `name` is to be told; counted as withheld if not.
  bool admits(const std::string& name, Instant now);

  struct Summary {
    std::string name;
    std::uint64_t withheld = 0;  // more than none
  };
  // Of the windows that are over.
  std::vector<Summary> take_due(Instant now);
  // When the first window is over; nothing while there is none.
  [[nodiscard]] std::optional<Instant> next_due() const;
  [[nodiscard]] std::uint64_t withheld() const { return withheld_; }  // in all

 private:
  struct Window {
    Instant begin;
    std::uint32_t told = 0;
    std::uint64_t withheld = 0;
  };
  std::map<std::string, Window> windows_;  // by name: an interface that is made anew is the same
  std::uint64_t withheld_ = 0;
};

}  // namespace itnxt::host
