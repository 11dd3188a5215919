// Descriptors that libzmq has closed meanwhile, and that are somebody else's now.
#include "daemon/io/zmq_door.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/fd.hpp"
#include "tests/support/fake_loop.hpp"

namespace itnxt::test {
namespace {

class ZmqDoorTest : public testing::Test {
 protected:
  ZmqDoorTest() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener.get(), 8), 0);
    EXPECT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  }
  // Of a peer that stays; what libzmq has of it.
  Fd accept_one() {
    peers.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(
        connect(peers.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        0);
    return Fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  FakeLoop loop;
  sockaddr_in address{};
  Fd listener{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::vector<Fd> peers;
  std::vector<std::string> shown_out;
  ZmqDoor door{loop, false, [this](const std::string& from) { shown_out.push_back(from); }};
};

struct flock whole_file(int type) {
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whether another process is kept off.
bool is_locked(int file) {
  const pid_t child = fork();
  if (child == 0) {
    struct flock lock = whole_file(F_WRLCK);
    _exit(fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// To close any descriptor of a file is to give up all locks of this process on it, as those of
// SQLite are.
TEST_F(ZmqDoorTest, AFileThatHasADescriptorNowKeepsItsLocks) {
  Fd connection = accept_one();
  door.accepted(connection.get());
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(dup2(fileno(file.get()), connection.get()), connection.get());
  struct flock lock = whole_file(F_WRLCK);
  ASSERT_EQ(fcntl(connection.get(), F_SETLK, &lock), 0);
  ASSERT_TRUE(is_locked(connection.get()));
  loop.advance(1s);
  EXPECT_TRUE(is_locked(connection.get()));
  EXPECT_EQ(loop.timers(), 0U) << "nobody is waited for";
}

TEST_F(ZmqDoorTest, AnotherPeerThatHasADescriptorNowIsNotShownOut) {
  std::vector<Fd> connections;
  for (std::size_t i = 0; i < Doorkeeper::kMostOfSource; ++i) {
    connections.push_back(accept_one());
    door.accepted(connections.back().get());
  }
  const Fd other = accept_one();
  ASSERT_EQ(dup2(other.get(), connections.front().get()), connections.front().get());
  const Fd last = accept_one();
  door.accepted(last.get());
  EXPECT_EQ(shown_out, std::vector<std::string>{});
  char byte = 0;
  EXPECT_EQ(recv(other.get(), &byte, 1, MSG_DONTWAIT), -1) << "0: it was shut down";
}

// To be shut down a connection's descriptor is duplicated.
TEST_F(ZmqDoorTest, WhoCannotBeShownOutForWantOfADescriptorIsShownOutLater) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "UBSan looks at memory through a pipe, for which there is no descriptor here";
#endif
  std::vector<Fd> connections;
  for (std::size_t i = 0; i < Doorkeeper::kMostOfSource + 2; ++i)
    connections.push_back(accept_one());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (const Fd& one : connections) door.accepted(one.get());
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(shown_out, std::vector<std::string>{});
  loop.advance(1s);
  EXPECT_EQ(shown_out, (std::vector<std::string>{"127.0.0.1", "127.0.0.1"}));
}

}  // namespace
}  // namespace itnxt::test
