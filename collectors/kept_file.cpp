#include "collectors/kept_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/core/fd.hpp"

namespace itnxt {

int write_kept(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return errno;
  while (!text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(file.get()) != 0) return errno;
  return ::rename(fresh.c_str(), path.c_str()) == 0 ? 0 : errno;
}

std::optional<Result<std::string>> read_kept(const std::string& path, std::size_t most) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return Error{errno_text(errno)};
  }
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return Error{errno_text(errno)};
  if (!S_ISREG(about.st_mode)) return Error{"it is no regular file"};
  if (about.st_size > static_cast<off_t>(most)) return Error{"it is too long"};
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{errno_text(errno)};
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

struct KeptFile::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::function<std::string()> waiting;
  bool stop = false;
  int error = 0;  // errno of the last attempt
  std::thread thread;

  void serve(const std::string& path) {
    std::string written;
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return waiting || stop; });
      if (!waiting) return;
      const std::function<std::string()> make = std::exchange(waiting, nullptr);
      lock.unlock();
      std::string text = make();
      const int result = text == written ? 0 : write_kept(path, text);
      if (result == 0) written = std::move(text);
      lock.lock();
      error = result;
    }
  }
};

KeptFile::KeptFile(std::string path) : path_(std::move(path)) {}

KeptFile::~KeptFile() {
  (void)close();
}

int KeptFile::save(std::function<std::string()> make) {
  if (!shared_) {
    auto shared = std::make_unique<Shared>();
    try {
      shared->thread = std::thread([at = shared.get(), path = path_] { at->serve(path); });
    } catch (const std::system_error& refused) {  // too many threads
      return refused.code().value();
    }
    shared_ = std::move(shared);
  }
  int error = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting = std::move(make);
    error = shared_->error;
  }
  shared_->wake.notify_all();
  return error;
}

int KeptFile::close() {
  if (!shared_) return 0;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_all();
  shared_->thread.join();
  const int error = shared_->error;
  shared_.reset();
  return error;
}

}  // namespace itnxt
