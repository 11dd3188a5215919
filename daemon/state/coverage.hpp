// How much of what a port counted a capture of its link saw: the bytes of both over a window that
// is long against what their clocks and caches differ by. Pure; the loop's thread.
//
// An agent answers with the latest counters that it holds, up to `lag` old, and the capture's
// totals are known at its intervals only. So what the capture had seen by an answer is no number
// but a range: at least what it had when the answer can have been made at the earliest, at most
// what it had just after the poll. Between two answers the ratio is within
//   (least(b) - most(a)) / counted .. (most(b) - least(a)) / counted
// whatever the bursts. The shortest window up to now whose range is within kLoosest of its middle
// is taken, and made finer by longer ones that do not contradict it. Bound: without loss the ratio
// is 1, as long as the range holds 1 it is told as 1, and from twice the range's half on it is the
// middle, no further than a tenth from the truth. So a loss of up to a tenth may read as none.
// Tests say how soon: where polls are up to 10 s apart it is known within five minutes, and a loss
// of a half reads below 0.9 within two; of polls a minute apart within ten and five.
//
// No bound holds where an agent's counters are older than `lag` or than the poll before, or where
// the wall clocks of the two collectors differ by more than kSlack: the ratio is off by the traffic
// of that time as a share of the window's.
//
// 1 is all. Ethernet devices count 4 bytes of checksum a packet that no capture shows (RFC 3635
// §3.2.6): of packets of 64 bytes 0.94 is all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "daemon/core/counter.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

// Agents refresh their interface table every 5 to 15 s; network cards their host's figures by 2 s.
inline constexpr Duration kAgentLag = 15s;
inline constexpr Duration kHostLag = 2s;

// What a poll told of a port.
struct PortPoll {
  WallTime at;
  std::optional<Counter> receive, transmit;  // bytes
  bool continues = false;  // both counters went on from the poll before: what they grew by counts
  Duration lag = kAgentLag;
};

class Coverage {
 public:
  static constexpr Duration kSlack = 500ms;  // between the two collectors' wall clocks
  static constexpr Duration kLongest = 10min;
  static constexpr Duration kRecent = 60s;  // how old the window's end may be
  static constexpr int kLagsInWindow = 4;   // at least
  static constexpr double kLoosest = 0.09;
  static constexpr double kLeast = 65'536;  // bytes: a thousand of the smallest frames
  static constexpr std::size_t kPolls = 256;
  static constexpr std::size_t kPoints = 1024;  // of the capture's totals, kept for late polls

  // The capture's total at that time. One that falls, or comes out of order, is another life's:
  // everything begins anew.
  void see_capture(WallTime at, Bytes total);

  // A poll whose counters did not go on, or that is not later than the one before, begins anew. The
  // time of the last poll again: the port was not in this one.
  void see_port(const PortPoll& poll);

  // Absent: not enough was seen to tell it that well, or nothing for kLongest.
  [[nodiscard]] std::optional<double> ratio() const { return ratio_; }

 private:
  struct Point {
    WallTime at;
    double total;
  };
  struct Waiting {  // for the capture's total
    WallTime at;
    WallTime oldest;  // that its counters may be of
    double counted;
    Duration lag;
  };
  // One answer of the agent, that polls may have had more than once: what had been counted when it
  // was fresh, and what the capture may have seen by then.
  struct Answer {
    WallTime last;
    double counted;
    double least, most;
    Duration lag;
  };
  struct Range {
    double low, high;
    [[nodiscard]] double middle() const { return (low + high) / 2; }
    [[nodiscard]] double half() const { return (high - low) / 2; }
    [[nodiscard]] bool meets(const Range& other) const {
      return low <= other.high && other.low <= high;
    }
  };
  void begin_anew();
  void settle();
  void take(const Waiting& poll, double least, double most);
  void forget_answers();
  void forget();
  [[nodiscard]] std::optional<double> last_total(WallTime until) const;
  [[nodiscard]] std::optional<double> first_total(WallTime from) const;
  [[nodiscard]] static std::optional<Range> between(const Answer& begin, const Answer& end);
  [[nodiscard]] std::optional<Range> ending_at(std::size_t end) const;
  [[nodiscard]] std::optional<double> newest() const;

  std::deque<Point> points_;
  std::deque<Waiting> waiting_;
  std::deque<Answer> answers_;
  std::optional<PortPoll> last_poll_;
  double counted_ = 0;
  std::optional<double> ratio_;
};

}  // namespace itnxt
