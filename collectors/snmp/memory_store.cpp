#include "collectors/snmp/memory_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/core/fd.hpp"

namespace itnxt::snmp {
namespace {

// errno
int write_whole(const std::string& path, std::string_view text) {
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

// Absent: there is none. A fifo or a device in its place blocks nobody.
std::optional<Result<std::string>> read_whole(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return Error{errno_text(errno)};
  }
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return Error{errno_text(errno)};
  if (!S_ISREG(about.st_mode)) return Error{"it is no regular file"};
  if (about.st_size > static_cast<off_t>(kMostMemoryText)) return Error{"it is too long"};
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

}  // namespace

struct MemoryStore::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<std::vector<Remembered>> waiting;
  bool stop = false;
  int error = 0;  // errno of the last attempt
  std::thread thread;

  void serve(const std::string& path) {
    std::string written;
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return waiting || stop; });
      if (!waiting) return;
      const std::vector<Remembered> devices = std::move(*waiting);
      waiting.reset();
      lock.unlock();
      std::string text = encode_memory(devices);
      const int result = text == written ? 0 : write_whole(path, text);
      if (result == 0) written = std::move(text);
      lock.lock();
      error = result;
    }
  }
};

MemoryStore::MemoryStore(std::string path, Log& log) : path_(std::move(path)), log_(log) {}

MemoryStore::~MemoryStore() {
  if (!shared_) return;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_all();
  shared_->thread.join();
  if (shared_->error != 0) tell(errno_text(shared_->error));
}

std::vector<Remembered> MemoryStore::load() {
  if (!is_on()) return {};
  const auto text = read_whole(path_);
  if (!text) return {};
  auto devices =
      *text ? decode_memory(**text) : Result<std::vector<Remembered>>(Error{text->error()});
  if (devices) return std::move(*devices);
  log_.warning("what was learned of devices cannot be used and is learned anew",
               {{"file", path_}, {"problem", devices.error()}});
  return {};
}

void MemoryStore::save(std::vector<Remembered> devices) {
  if (!is_on()) return;
  if (!shared_) {
    auto shared = std::make_unique<Shared>();
    try {
      shared->thread = std::thread([at = shared.get(), path = path_] { at->serve(path); });
    } catch (const std::system_error& refused) {  // too many threads
      return tell(errno_text(refused.code().value()));
    }
    shared_ = std::move(shared);
  }
  int error = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting = std::move(devices);
    error = shared_->error;
  }
  shared_->wake.notify_all();
  tell(error == 0 ? "" : errno_text(error));
}

void MemoryStore::tell(const std::string& problem) {
  if (problem == std::exchange(told_, problem) || problem.empty()) return;
  log_.warning(
      "what was learned of devices cannot be kept over a restart; make the directory writable",
      {{"file", path_}, {"problem", problem}});
}

}  // namespace itnxt::snmp
