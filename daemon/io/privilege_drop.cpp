#include "daemon/io/privilege_drop.hpp"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <condition_variable>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <thread>

#include "daemon/core/result.hpp"
#include "daemon/io/syscall_filter.hpp"

namespace itnxt {
namespace {

// Of the calling thread: what of these it has stays, all else goes for good.
Status keep_only(std::initializer_list<unsigned> wanted) {
  if (capng_get_caps_process() != 0) return Error{"cannot read this process's capabilities"};
  std::vector<unsigned> kept;
  for (const unsigned one : wanted) {
    if (capng_have_capability(CAPNG_PERMITTED, one) != 0) kept.push_back(one);
  }
  const bool bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  capng_clear(CAPNG_SELECT_ALL);
  for (const unsigned one : kept) {
    constexpr auto kNow = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
    (void)capng_update(CAPNG_ADD, kNow, one);
  }
  // The bounding set first, while this thread still may; it matters to programs that are started
  // only, and none is.
  if (bounds) (void)capng_apply(CAPNG_SELECT_BOUNDS);
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
    return Error{"cannot give up capabilities; let the unit's SystemCallFilter have capset"};
  }
  return {};
}

bool can_open_packet_sockets() {
  return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) != 0;
}

void remember(std::vector<std::string>& remarks, const Status& status, const char* whose) {
  if (!status) remarks.push_back(std::string(whose) + ": " + status.error());
}

void restrict_thread(std::vector<std::string>& remarks, const char* whose,
                     std::initializer_list<unsigned> wanted, PacketSockets packet_sockets) {
  remember(remarks, keep_only(wanted), whose);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    remarks.push_back(std::string(whose) + ": cannot set no_new_privs");
  }
  remember(remarks, close_system_calls(packet_sockets), whose);
}

}  // namespace

// Waits for work, does it, waits again.
class PrivilegeDrop::Opener {
 public:
  Opener() : thread_([this] { live(); }) {
    until([this] { return restricted_; });
  }
  ~Opener() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

  void run(const std::function<void()>& work) {
    {
      const std::lock_guard lock(mutex_);
      work_ = &work;
    }
    changed_.notify_all();
    until([this] { return work_ == nullptr; });
  }

  // Complete once the constructor has returned.
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  template <class Condition>
  void until(Condition condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, condition);
  }

  void live() {
    (void)pthread_setname_np(pthread_self(), "opener");
    restrict_thread(remarks_, "the thread that opens packet sockets", {CAP_NET_RAW},
                    PacketSockets::allowed);
    std::unique_lock lock(mutex_);
    restricted_ = true;
    changed_.notify_all();
    for (;;) {
      changed_.wait(lock, [this] { return work_ != nullptr || ending_; });
      if (work_ == nullptr) return;
      (*work_)();  // the loop's thread waits for it and touches nothing meanwhile
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  bool restricted_ = false;
  bool ending_ = false;
  std::vector<std::string> remarks_;
  std::thread thread_;  // last: it uses the others
};

PrivilegeDrop::PrivilegeDrop(bool opens_packet_sockets) {
  if (opens_packet_sockets && can_open_packet_sockets()) {
    opener_ = std::make_unique<Opener>();
    remarks_ = opener_->remarks();
  }
  // A port below 1024 (a trap's 162, HTTPS) may be bound at a reload, too.
  if (geteuid() == 0) {
    restrict_thread(remarks_, "this process", {CAP_NET_BIND_SERVICE, CAP_DAC_OVERRIDE, CAP_FOWNER},
                    PacketSockets::refused);
  } else {
    restrict_thread(remarks_, "this process", {CAP_NET_BIND_SERVICE}, PacketSockets::refused);
  }
}

PrivilegeDrop::~PrivilegeDrop() = default;

void PrivilegeDrop::run(const std::function<void()>& work) {
  if (opener_) return opener_->run(work);
  work();
}

}  // namespace itnxt
