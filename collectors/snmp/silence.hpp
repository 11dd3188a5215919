// What follows from a device's silence, poll after poll. Pure.
//
// The product's promise stays: a sample an interval. What backs off is what it costs: the first two
// silent polls have all their retries (a device is down when a whole poll got no answer), then half
// as many each time, down to one try; and a fresh source port after 3 silent polls, in case a
// firewall on the way has lost its state or holds a dead one, then after 6 more, 12, 24, at
// most 48. The first answer brings everything back.
#pragma once

#include <algorithm>
#include <cstdint>

namespace itnxt::snmp {

class Silence {
 public:
  static constexpr std::uint32_t kMoveAfter = 3;  // silent polls
  static constexpr std::uint32_t kMoveAfterAtMost = 48;

  void poll_lost() { ++polls_; }  // 2^32 polls are more than a century
  void answered() { *this = Silence(); }

  [[nodiscard]] bool is_silent() const { return polls_ > 0; }
  // Of the next poll, as long as it has got no answer.
  [[nodiscard]] std::uint32_t retries(std::uint32_t configured) const {
    return polls_ < 2 ? configured : configured >> std::min(polls_ - 1, 31U);
  }
  [[nodiscard]] bool wants_another_port() const { return polls_ >= move_at_; }
  void moved() {
    move_at_ = polls_ + move_after_;
    if (move_after_ < kMoveAfterAtMost) move_after_ *= 2;
  }

 private:
  std::uint32_t polls_ = 0;  // without an answer, in a row
  std::uint32_t move_at_ = kMoveAfter;
  std::uint32_t move_after_ = 2 * kMoveAfter;
};

}  // namespace itnxt::snmp
