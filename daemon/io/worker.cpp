#include "daemon/io/worker.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "daemon/core/fd.hpp"
#include "daemon/io/signals.hpp"

namespace itnxt {

// Everything is under the mutex.
struct Worker::Shared {
  struct Task {
    Job work;
    Loop::Callback done;
  };
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable end;
  std::deque<Task> queued;
  std::deque<Loop::Callback> finished;
  bool stop = false;
  bool ended = false;
  Fd fd;

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [&] { return stop || !queued.empty(); });
      if (queued.empty()) break;
      Task task = std::move(queued.front());
      queued.pop_front();
      lock.unlock();
      task.work();
      task.work = nullptr;  // what it shares is given back before the loop hears of its end
      lock.lock();
      finished.push_back(std::move(task.done));
      const std::uint64_t one = 1;
      (void)!::write(fd.get(), &one, sizeof one);
    }
    ended = true;
    end.notify_all();
  }
};

Worker::Worker(Loop& loop, Duration patience)
    : patience_(patience), shared_(std::make_shared<Shared>()) {
  shared_->fd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared_->fd.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
  completions_ = loop.watch(shared_->fd.get(), Interest::readable, [this] { collect(); });
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  bool ended = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->work.notify_one();
    ended = shared_->end.wait_for(lock, patience_, [&] { return shared_->ended; });
  }
  ended ? thread_.join() : thread_.detach();
}

void Worker::post(Job work, Loop::Callback done) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->queued.push_back({std::move(work), std::move(done)});
  }
  ++under_way_;
  if (thread_.joinable()) return shared_->work.notify_one();
  const BlockedSignals guard;
  thread_ = std::thread([shared = shared_] { shared->run(); });
}

int Worker::completion_fd() const {
  return shared_->fd.get();
}

void Worker::collect() {
  std::uint64_t count = 0;
  (void)!::read(shared_->fd.get(), &count, sizeof count);
  std::deque<Loop::Callback> finished;
  {
    const std::lock_guard lock(shared_->mutex);
    finished.swap(shared_->finished);
  }
  for (const Loop::Callback& done : finished) {
    --under_way_;
    done();
  }
}

}  // namespace itnxt
