#include "daemon/core/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "daemon/core/host_port.hpp"

namespace itnxt {
namespace {

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}
int open_null() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(Fd, HasOneOwner) {
  int inside = -1;
  int kept = -1;
  {
    Fd a(open_null());
    inside = a.get();
    Fd b(std::move(a));
    EXPECT_EQ(b.get(), inside);
    EXPECT_TRUE(is_open(inside));
    Fd c(open_null());
    const int replaced = c.get();
    c = std::move(b);
    EXPECT_FALSE(is_open(replaced));
    EXPECT_EQ(c.get(), inside);
    Fd d(open_null());
    kept = d.release();
    EXPECT_FALSE(d.is_open());
  }
  EXPECT_FALSE(is_open(inside));
  EXPECT_TRUE(is_open(kept));
  close(kept);
}

TEST(Fd, SaysWhatErrnoMeans) {
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
}

TEST(HostPort, BracketsIPv6) {
  EXPECT_EQ(host_port_text("10.0.0.1", 161), "10.0.0.1:161");
  EXPECT_EQ(host_port_text("noc.example.org", 0), "noc.example.org:0");
  EXPECT_EQ(host_port_text("2001:db8::1", 65535), "[2001:db8::1]:65535");
}

}  // namespace
}  // namespace itnxt
