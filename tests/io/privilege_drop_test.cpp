// What a process can still do after it gave its privileges up. Each test does it in a child: there
// is no way back.
#include "daemon/io/privilege_drop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

// What the kernel says of the calling thread.
std::string status_line(const std::string& key) {
  std::ifstream file("/proc/thread-self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return "no " + key;
}

std::string outcome(int fd) {
  const int error = errno;
  const Fd owner(fd);
  return fd >= 0 ? "opened" : errno_text(error);
}
std::string packet_socket() {
  return outcome(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kFiltered = false;
#else
constexpr bool kFiltered = true;
#endif

class PrivilegeDropTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: there is no privilege to give up";
    if (packet_socket() != "opened") GTEST_SKIP() << "this machine gives root no CAP_NET_RAW";
  }

  // `life` writes what it met; what it wrote.
  template <class Life>
  static std::string in_a_child(Life life) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    const Fd in(ends[0]);
    Fd out(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
      std::ostringstream met;
      life(met);
      const std::string text = met.str();
      _exit(write(out.get(), text.data(), text.size()) == ssize_t(text.size()) ? 0 : 1);
    }
    out.reset();
    std::string text;
    for (char byte = 0; read(in.get(), &byte, 1) == 1;) text += byte;
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : text + "(killed)";
  }
};

TEST_F(PrivilegeDropTest, OnlyTheOpenerOpensPacketSockets) {
  EXPECT_EQ(in_a_child([](std::ostream& met) {
              PrivilegeDrop drop(true);
              met << "here: " << packet_socket() << '\n';
              std::thread([&] { met << "later thread: " << packet_socket() << '\n'; }).join();
              for (int i = 0; i < 2; ++i) {
                drop.run([&] { met << "opener: " << packet_socket() << '\n'; });
              }
              met << drop.remarks().size() << " remarks\n";
            }),
            "here: Operation not permitted\n"
            "later thread: Operation not permitted\n"
            "opener: opened\n"
            "opener: opened\n"
            "0 remarks\n");
}

TEST_F(PrivilegeDropTest, WithoutAnOpenerNobodyDoes) {
  EXPECT_EQ(in_a_child([](std::ostream& met) {
              PrivilegeDrop drop(false);
              drop.run([&] { met << packet_socket(); });
            }),
            "Operation not permitted");
}

// capabilities(7): bit 13 is CAP_NET_RAW, 10 CAP_NET_BIND_SERVICE, 3 CAP_FOWNER, 1
// CAP_DAC_OVERRIDE.
TEST_F(PrivilegeDropTest, TheKernelSaysWhatIsLeft) {
  const auto tell = [](std::ostream& met) {
    for (const char* key : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"}) {
      met << key << ' ' << status_line(key) << '\n';
    }
  };
  EXPECT_EQ(in_a_child([&](std::ostream& met) {
              PrivilegeDrop drop(true);
              tell(met);
              drop.run([&] { tell(met); });
            }),
            "CapInh 0000000000000000\n"
            "CapPrm 000000000000040a\n"
            "CapEff 000000000000040a\n"
            "CapBnd 0000000000000000\n"
            "CapAmb 0000000000000000\n"
            "NoNewPrivs 1\n"
            "CapInh 0000000000000000\n"
            "CapPrm 0000000000002000\n"
            "CapEff 0000000000002000\n"
            "CapBnd 0000000000000000\n"
            "CapAmb 0000000000000000\n"
            "NoNewPrivs 1\n");
}

TEST_F(PrivilegeDropTest, WhatNobodyHereNeedsFails) {
  if (!kFiltered) GTEST_SKIP() << "no filter under a sanitizer, which needs some of those calls";
  EXPECT_EQ(in_a_child([](std::ostream& met) {
              PrivilegeDrop drop(true);
              const auto all = [&] {
                execl("/bin/true", "true", nullptr);
                met << "exec: " << errno_text(errno) << '\n';
                met << "bluetooth: " << outcome(socket(AF_BLUETOOTH, SOCK_STREAM, 0)) << '\n';
                met << "key: " << outcome(socket(45 + 1, SOCK_STREAM, 0)) << '\n';
                met << "namespace: " << (unshare(CLONE_NEWUSER) == 0 ? "" : errno_text(errno))
                    << '\n';
              };
              all();
              drop.run(all);
            }),
            "exec: Operation not permitted\n"
            "bluetooth: Operation not permitted\n"
            "key: Operation not permitted\n"
            "namespace: Operation not permitted\n"
            "exec: Operation not permitted\n"
            "bluetooth: Operation not permitted\n"
            "key: Operation not permitted\n"
            "namespace: Operation not permitted\n");
}

TEST_F(PrivilegeDropTest, WhatADaemonNeedsWorks) {
  EXPECT_EQ(in_a_child([](std::ostream& met) {
              PrivilegeDrop drop(true);
              std::thread([&] {
                addrinfo* found = nullptr;  // the name service opens libraries and sockets
                met << "name: " << getaddrinfo("localhost", "80", nullptr, &found) << '\n';
                if (found != nullptr) freeaddrinfo(found);
              }).join();
              for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
                met << outcome(socket(family, SOCK_DGRAM, 0)) << '\n';
              }
              met << outcome(socket(AF_NETLINK, SOCK_RAW, 0)) << '\n';
            }),
            "name: 0\n"
            "opened\nopened\nopened\nopened\nopened\n");
}

}  // namespace
}  // namespace itnxt
