// Signals and systemd, with real signals and a real notify socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "daemon/io/poll_loop.hpp"
#include "daemon/io/signals.hpp"
#include "daemon/io/supervisor.hpp"
#include "tests/support/fake_loop.hpp"

namespace itnxt {
namespace {

TEST(Signals, AreEventsOfTheLoop) {
  Signals signals;
  PollLoop loop;
  const Timer guard = loop.after(20s, [] { std::abort(); });
  std::vector<Signal> seen;
  kill(getpid(), SIGHUP);  // before anybody listens: it waits
  signals.deliver(loop, [&](Signal signal) {
    seen.push_back(signal);
    if (seen.size() == 1) kill(getpid(), SIGTERM);
    if (seen.size() == 2) kill(getpid(), SIGINT);
    if (seen.size() == 3) loop.stop();
  });
  loop.run();
  EXPECT_THAT(seen, testing::ElementsAre(Signal::reload, Signal::terminate, Signal::terminate));
}

// Else SIGHUP or a second SIGTERM, come while a program ends, would end it by the signal.
TEST(Signals, AtTheEndTheyAreIgnored) {
  const auto all = [] {
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) kill(getpid(), signal);
  };
  {
    const Signals signals;
    all();
  }
  all();  // still here
  Signals again;
  PollLoop loop;
  int seen = 0;
  again.deliver(loop, [&](Signal) { ++seen; });
  const Timer stop = loop.after(0s, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(seen, 0);
  all();
  const Timer guard = loop.after(20s, [] { std::abort(); });
  Timer look;
  const std::function<void()> until_all = [&] {
    if (seen == 3) return loop.stop();
    look = loop.after(0s, until_all);
  };
  look = loop.after(0s, until_all);
  loop.run();
  EXPECT_EQ(seen, 3);
}

TEST(Signals, ABrokenPipeIsAnErrorNotTheEnd) {
  const Signals signals;
  int fd[2];
  ASSERT_EQ(pipe(fd), 0);
  close(fd[0]);
  EXPECT_EQ(write(fd[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(fd[1]);
}

TEST(Signals, AThreadStartedUnderTheGuardHasAllBlocked) {
  sigset_t inside{};
  {
    const BlockedSignals guard;
    std::thread([&] { pthread_sigmask(SIG_BLOCK, nullptr, &inside); }).join();
  }
  sigset_t after{};
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (const int signal : {SIGTERM, SIGHUP, SIGALRM}) {
    EXPECT_EQ(sigismember(&inside, signal), 1);
    EXPECT_EQ(sigismember(&after, signal), 0);
  }
}

// A supervisor's end of NOTIFY_SOCKET.
class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    std::string pattern = testing::TempDir() + "itnxt-notify-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    const std::string path = directory_ + "/socket";
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~SupervisorTest() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(socket_);
    std::filesystem::remove_all(directory_);
  }
  std::vector<std::string> told() {
    std::vector<std::string> messages;
    char text[256];
    for (ssize_t size = 0; (size = recv(socket_, text, sizeof text, 0)) > 0;) {
      messages.emplace_back(text, static_cast<std::size_t>(size));
    }
    return messages;
  }

  test::FakeLoop loop;
  bool progressing = true;
  std::string directory_;
  int socket_ = -1;
};

TEST_F(SupervisorTest, IsToldEveryStep) {
  Supervisor supervisor(loop, [&] { return progressing; });
  loop.advance(1500ms);
  supervisor.ready();
  supervisor.status("3/4 devices up\nREADY=1");
  supervisor.reloading();
  supervisor.stopping();
  EXPECT_THAT(told(), testing::ElementsAre("READY=1", "STATUS=3/4 devices up READY=1",
                                           "RELOADING=1\nMONOTONIC_USEC=1500000", "STOPPING=1"));
  EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(SupervisorTest, TheWatchdogHearsFromUsTwicePerPeriodWhileThereIsProgress) {
  setenv("WATCHDOG_USEC", "10000000", 1);
  const Supervisor supervisor(loop, [&] { return progressing; });
  loop.advance(10s);
  EXPECT_THAT(told(), testing::ElementsAre("WATCHDOG=1", "WATCHDOG=1"));
  progressing = false;
  loop.advance(20s);
  EXPECT_THAT(told(), testing::IsEmpty());
  progressing = true;
  loop.advance(5s);
  EXPECT_THAT(told(), testing::ElementsAre("WATCHDOG=1"));
}

TEST_F(SupervisorTest, OutsideSystemdNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  Supervisor supervisor(loop, [] { return true; });
  supervisor.ready();
  supervisor.status("x");
  supervisor.reloading();
  supervisor.stopping();
  EXPECT_THAT(told(), testing::IsEmpty());
}

}  // namespace
}  // namespace itnxt
