// Saves what gathers on the loop to a disk that may be slow, full or gone: one save at a time on a
// thread of its own, the next when it has ended and more has gathered. One that failed is tried
// again, 1 s … 5 s later and at each want().
//
// Thread: every call and callback on the loop's, but a Save runs on the saver's own. Destroying it
// saves once more and waits for that at most `patience`; a disk that hangs is left to itself, with
// what its Save owns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/io/loop.hpp"
#include "daemon/io/worker.hpp"

namespace itnxt {

class Saver {
 public:
  // What is wrong with the disk; empty: all is on it. Owns what it touches, or shares it by
  // shared_ptr; two never run at once, and each sees what the one before left.
  using Save = std::function<std::string()>;
  struct Hooks {
    // What has gathered. The last one closes the disk, too.
    std::function<Save(bool last)> take;
    std::function<void(const std::string&)> saved;  // how it ended; may call want()
  };

  // `failed`: something has been tried already, in vain. Throws std::system_error without an fd for
  // its thread.
  Saver(Loop& loop, Hooks hooks, bool failed, Duration patience);
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  // There is something to save.
  void want();

  // Its readiness brings completions: for tests that move a FakeLoop.
  [[nodiscard]] int completion_fd() const { return worker_.completion_fd(); }

 private:
  void begin();
  void ended(const std::string& problem);
  void try_later();

  Loop& loop_;
  const Hooks hooks_;
  std::uint32_t failures_ = 0;  // in a row
  bool wanted_ = false;         // while a save is under way
  Timer retry_;
  Worker worker_;  // last: it runs Saves
};

}  // namespace itnxt
