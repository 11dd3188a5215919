#include "daemon/io/resolver.hpp"

#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/core/fd.hpp"

namespace itnxt {

// Outlives the resolver while the thread is inside a lookup.
struct Resolver::Shared {
  struct Question {
    std::size_t token;
    std::string host;
    std::uint16_t port;
  };
  int event = -1;
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  std::size_t idle = 0;  // threads
  std::deque<Question> questions;
  std::vector<std::pair<std::size_t, Result<Address>>> answers;
  ~Shared() {
    if (event >= 0) ::close(event);
  }
};

Resolver::Resolver(Loop& loop, Answer answer, Lookup lookup)
    : loop_(loop), answer_(std::move(answer)), lookup_(std::move(lookup)) {}

Resolver::~Resolver() {
  if (!shared_) return;
  watch_.cancel();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_all();
}

// errno
int Resolver::open() {
  auto shared = std::make_shared<Shared>();
  shared->event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (shared->event < 0) return errno;
  shared_ = std::move(shared);
  watch_ = loop_.watch(shared_->event, Interest::readable, [this] { drain(); });
  return 0;
}

// errno
int Resolver::start_thread() {
  const auto serve = [shared = shared_, lookup = lookup_] {
    std::unique_lock lock(shared->mutex);
    while (true) {
      ++shared->idle;
      shared->wake.wait(lock, [&] { return shared->stop || !shared->questions.empty(); });
      --shared->idle;
      if (shared->stop) return;
      const Shared::Question question = std::move(shared->questions.front());
      shared->questions.pop_front();
      lock.unlock();
      Result<Address> address = lookup(question.host, question.port);
      lock.lock();
      if (shared->stop) return;
      shared->answers.emplace_back(question.token, std::move(address));
      const std::uint64_t one = 1;
      (void)!::write(shared->event, &one, sizeof one);
    }
  };
  try {
    std::thread(serve).detach();
  } catch (const std::system_error& refused) {  // too many threads, no memory for its stack
    return refused.code().value();
  }
  ++threads_;
  return 0;
}

void Resolver::ask(std::size_t token, std::string host, std::uint16_t port) {
  int error = shared_ ? 0 : open();
  bool busy = false;
  if (error == 0) {
    const std::lock_guard lock(shared_->mutex);
    busy = shared_->questions.size() >= shared_->idle;
  }
  if (error == 0 && busy && threads_ < kThreads) {
    error = start_thread();
    if (threads_ > 0) error = 0;  // then those there are do it
  }
  if (error != 0) return answer_(token, Error{errno_text(error)});
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->questions.push_back({token, std::move(host), port});
  }
  shared_->wake.notify_one();
}

void Resolver::drain() {
  std::uint64_t count = 0;
  (void)!::read(shared_->event, &count, sizeof count);
  std::vector<std::pair<std::size_t, Result<Address>>> answers;
  {
    const std::lock_guard lock(shared_->mutex);
    answers.swap(shared_->answers);
  }
  for (auto& [token, address] : answers) answer_(token, std::move(address));
}

namespace {

Result<Address> look_up(const std::string& host, std::uint16_t port, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    return Error{code == EAI_SYSTEM ? errno_text(errno) : std::string(::gai_strerror(code))};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address;
    if (one->ai_family == AF_INET6) {
      sockaddr_in6 at{};
      std::memcpy(&at, one->ai_addr, sizeof at);
      address = from_sockaddr(at);
    } else if (one->ai_family == AF_INET) {
      sockaddr_in at{};
      std::memcpy(&at, one->ai_addr, sizeof at);
      address = from_sockaddr(at);
    } else {
      continue;
    }
    address.port = port;
    return address;
  }
  return Error{"the name has no address"};
}

}  // namespace

Result<Address> system_lookup(const std::string& host, std::uint16_t port) {
  return look_up(host, port, AF_UNSPEC);
}

Result<Address> system_lookup4(const std::string& host, std::uint16_t port) {
  return look_up(host, port, AF_INET);
}

Result<Address> system_lookup6(const std::string& host, std::uint16_t port) {
  return look_up(host, port, AF_INET6);
}

}  // namespace itnxt
