// Keeps small what unfinished handshakes cost: libzmq spends 4 KB on a silent connection and 18 KB
// on one that has sent a CURVE HELLO, for up to the 5 s of its handshake timeout, and takes any
// number of them. Here too many are shown out (doorkeeper.hpp), and those that send more than a
// handshake has. For zmq_socket.cpp only; on the loop's thread.
//
// The descriptors are libzmq's, which may close one at any moment and be given its number anew. So
// each is only looked at (is it still that peer, is its handshake unfinished), which harms nobody
// whose it is by then; to be shut down it is duplicated first, and the duplicate looked at once
// more. Not before: to close a duplicate of a file is to give up this process's locks on it, those
// of SQLite. At worst a peer is shown out in the moment in which it finishes, and connects again;
// nothing is lost, for what is not acknowledged is sent again. Sockets that listen are made on the
// loop's thread, and have no peer.
//
// Without CURVE, which is for this host's own programs only, a handshake counts as finished with as
// many bytes as the shortest one has; who sends so many and does not finish could as well finish.
//
// A kernel that does not tell how much came and went (before Linux 4.2) has no door.
//
// TCP_DEFER_ACCEPT is no help: beyond the backlog the kernel's SYN cookies let in the silent ones
// all the same (3,975 of 5,000, tried), and it fills the queue in which honest ones wait.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/io/doorkeeper.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

class ZmqDoor {
 public:
  // `curve`: what a finished handshake looks like. The callback gets the peer's address.
  ZmqDoor(Loop& loop, bool curve, std::function<void(const std::string& address)> shown_out);
  void accepted(int fd);
  // Nothing is looked at any more.
  void shut() { sweep_.cancel(); }

 private:
  enum class Standing : std::uint8_t { gone, finished, waiting, babbling };
  enum class Outcome : std::uint8_t { left, stays, failed };  // failed: it would have to go
  void thin_out();
  void sweep();
  Outcome show_out(const Doorkeeper::Visitor& visitor, bool only_babbling);
  [[nodiscard]] Standing standing(int fd, const Doorkeeper::Visitor& visitor) const;

  Loop& loop_;
  const bool curve_;
  const std::function<void(const std::string&)> shown_out_;
  Doorkeeper doorkeeper_;
  Timer sweep_;
};

}  // namespace itnxt
