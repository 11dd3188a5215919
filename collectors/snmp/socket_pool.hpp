// The collector's sockets, each a source port of its own: a device keeps to one, and a silent one
// moves to another (silence.hpp). At most kMost are open; one that nobody uses is closed, unless it
// is the newest. The loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "collectors/snmp/udp.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt::snmp {

class SocketPool {
 public:
  using Id = std::uint32_t;  // never used twice
  static constexpr Id kNone = 0;
  static constexpr std::size_t kMost = 8;

  SocketPool(Loop& loop, std::function<void(Id)> readable)
      : loop_(loop), readable_(std::move(readable)) {}

  // Another socket, the newest from now on. The last one there is room for makes the oldest retire.
  [[nodiscard]] Status open();
  // The same for silent devices, at most once an `interval`; nothing happens where it cannot be.
  void refresh(Duration interval);
  // What went wrong with it ends it.
  void close(Id id);

  [[nodiscard]] bool empty() const { return sockets_.empty(); }
  [[nodiscard]] std::size_t size() const { return sockets_.size(); }
  [[nodiscard]] Id newest() const { return sockets_.empty() ? kNone : sockets_.back().id; }
  // Null: it is closed.
  [[nodiscard]] UdpSocket* find(Id id);
  // Where a device on `id` belongs: there, or on the newest if that one is closed or retired.
  [[nodiscard]] Id home_of(Id id) const;

  // A device goes from one to the other; kNone: it comes, or leaves.
  void move(Id from, Id to);

 private:
  struct Open {
    Id id;
    UdpSocket socket;
    Watch watch;
    std::size_t users = 0;
    bool retired = false;
  };
  [[nodiscard]] std::vector<Open>::iterator at(Id id);
  Loop& loop_;
  std::function<void(Id)> readable_;
  std::vector<Open> sockets_;  // in order of age
  Id last_ = kNone;
  Instant opened_at_{};
};

}  // namespace itnxt::snmp
