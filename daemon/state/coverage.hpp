// How much of what a port counted a capture of its link saw: the bytes of both over the same time.
// Pure; the loop's thread.
//
// The port's spans are those between two of its polls; the capture's totals are interpolated to
// their ends, by the wall clocks of both collectors. So the capture's interval and the poll's may
// differ, and a clock that is off by 1 s costs 1/60 at most where polls are a minute apart. Agents
// refresh their counters seconds apart: the last kSpans polls are summed up, which leaves of that
// what stands at the two ends.
//
// 1 is all. Ethernet devices count 4 bytes of checksum a packet that no capture shows (RFC 3635
// §3.2.6): of packets of 64 bytes 0.94 is all.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

class Coverage {
 public:
  static constexpr std::size_t kSpans = 5;
  static constexpr std::size_t kPoints = 1024;  // of the capture's totals, kept for late polls

  // The capture's total at that time. One that falls, or comes out of order, is another life's:
  // everything begins anew.
  void see_capture(WallTime at, Bytes total);

  // The port's rate since the poll before, both directions; nothing: it is not known, and the sum
  // begins anew.
  void see_port(WallTime at, std::optional<BytesPerSecond> rate);

  // Absent: no whole span yet, or the port counted nothing.
  [[nodiscard]] std::optional<double> ratio() const;

 private:
  struct Point {
    WallTime at;
    double total;
  };
  struct Span {
    WallTime begin, end;
    double counted = 0;          // by the port
    std::optional<double> seen;  // by the capture; absent: its totals do not reach there yet
  };
  void settle();
  [[nodiscard]] std::optional<double> total_at(WallTime at) const;

  std::deque<Point> points_;
  std::deque<Span> spans_;
  std::optional<WallTime> last_poll_;
};

}  // namespace itnxt
