#include "daemon/io/resolver.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "daemon/io/poll_loop.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt {
namespace {

class ResolverTest : public testing::Test {
 protected:
  Resolver::Answer take() {
    return [this](std::size_t token, Result<Address> address) {
      answered.insert(token);
      last = address ? std::string() : address.error();
    };
  }
  PollLoop loop;
  std::set<std::size_t> answered;
  std::string last;
};

// Each lookup waits until as many are under way as there may be.
TEST_F(ResolverTest, SlowLookupsRunAFewAtATime) {
  std::mutex mutex;
  std::condition_variable change;
  std::size_t running = 0;
  std::size_t most = 0;
  bool full = false;
  Resolver resolver(loop, take(), [&](const std::string&, std::uint16_t) -> Result<Address> {
    std::unique_lock lock(mutex);
    most = std::max(most, ++running);
    full = full || running == Resolver::kThreads;
    change.notify_all();
    change.wait_for(lock, 20s, [&] { return full; });
    --running;
    return Error{"no such name"};
  });
  for (std::size_t i = 0; i < 20; ++i) resolver.ask(i, "name", 161);
  ASSERT_TRUE(test::run_until(loop, [&] { return answered.size() == 20; }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(most, Resolver::kThreads);
}

TEST_F(ResolverTest, WithoutAThreadTheAnswerIsAnError) {
  Resolver resolver(loop, take(),
                    [](const std::string&, std::uint16_t) { return Result<Address>(Address{}); });
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t huge;
  pthread_attr_init(&huge);
  pthread_attr_setstacksize(&huge, std::size_t{1} << 46);  // no address space for such a stack
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  resolver.ask(1, "name", 161);
  pthread_setattr_default_np(&usual);
  EXPECT_EQ(answered, (std::set<std::size_t>{1}));
  EXPECT_EQ(last, "Resource temporarily unavailable");
  resolver.ask(2, "name", 161);  // and now there is one
  ASSERT_TRUE(test::run_until(loop, [&] { return answered.contains(2); }));
  EXPECT_EQ(last, "");
}

TEST(NumericAddress, AnInterfaceThatIsNotThereIsNoZero) {
  EXPECT_EQ(numeric_address("fe80::1%lo", 161)->scope, 1U);
  EXPECT_FALSE(numeric_address("fe80::1%gone", 161));
  EXPECT_FALSE(system_lookup("fe80::1%gone", 161).ok());
}

}  // namespace
}  // namespace itnxt
