// A thread for what may block: disks. Jobs run one after the other, in order; each ends on the
// loop.
//
// Thread: every call and every `done` on the loop's. A job owns what it touches, or shares it with
// the loop by shared_ptr: destroying the Worker waits at most `patience` for the jobs it still has,
// and then leaves the thread to itself (one that hangs in fsync cannot be ended); no `done` is
// called any more.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>

#include "daemon/io/loop.hpp"

namespace itnxt {

class Worker {
 public:
  using Job = std::function<void()>;

  explicit Worker(Loop& loop, Duration patience = std::chrono::seconds(1));
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // An exception that leaves a job ends the process. `done` may post, but not destroy the Worker.
  void post(Job work, Loop::Callback done);

  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  // Its readiness brings completions: for tests that move a FakeLoop.
  [[nodiscard]] int completion_fd() const;

 private:
  struct Shared;
  void collect();

  const Duration patience_;
  std::size_t under_way_ = 0;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
  Watch completions_;
};

}  // namespace itnxt
