// kill -9 at any moment: one page and one close for each alert, none lost, none twice.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "tests/notify/process.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_server.hpp"

namespace itnxt::test {
namespace {

constexpr int kAlerts = 5;
constexpr int kKillsPerChange = 10;  // 100 in all

// By subject: the different deliveries that a receiver honouring Idempotency-Key would act on.
struct Seen {
  std::map<std::string, std::set<std::string>> pages, closes;
  bool close_before_page = false;
};

Seen seen(const TestServer& server) {
  Seen all;
  for (const Received& one : server.received()) {
    const auto json = nlohmann::json::parse(one.body);
    const std::string subject = json["commonLabels"]["subject"];
    const std::string key = one.headers.at("idempotency-key");
    if (json["status"] == "firing") {
      all.pages[subject].insert(key);
    } else {
      all.close_before_page = all.close_before_page || all.pages[subject].empty();
      all.closes[subject].insert(key);
    }
  }
  return all;
}

TEST(Kill, OnePageAndOneCloseOverAHundredKills) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::atomic<unsigned> calls{0};
  TestServer server([&](const Received&) {  // slow enough to be killed in the middle of an attempt
    Reply reply;
    reply.delay = std::chrono::milliseconds(calls++ * 7 % 12);
    return reply;
  });
  const TempDir dir;
  const std::string links = dir.path() + "/down";
  PollLoop loop;
  const auto start = [&] {
    return std::make_unique<Process>(
        std::vector<std::string>{ITNXT_DESK_CHILD, dir.path() + "/state", std::to_string(kAlerts),
                                 server.url(), links},
        dir.path() + "/log");
  };
  const auto set_down = [&](const std::string& link) {
    std::ofstream(links + ".new") << link;  // whole or not at all
    std::filesystem::rename(links + ".new", links);
  };
  for (int alert = 0; alert < kAlerts; ++alert) {
    const std::string link = "l" + std::to_string(alert);
    for (const bool down : {true, false}) {
      set_down(down ? link : "");
      for (int i = 0; i < kKillsPerChange; ++i) {
        const auto child = start();
        ASSERT_TRUE(child->started());
        run_for(loop, std::chrono::milliseconds(std::uniform_int_distribution<>(1, 60)(random)));
      }
      const auto child = start();
      const bool arrived = run_until(loop, [&] {
        const Seen all = seen(server);
        const auto& of = down ? all.pages : all.closes;
        return of.contains("link " + link);
      });
      ASSERT_TRUE(arrived) << link << (down ? " was not paged" : " was not closed");
    }
  }
  {
    const auto child = start();
    run_for(loop, std::chrono::milliseconds(300));  // whatever is owed wrongly comes now
  }
  const Seen all = seen(server);
  EXPECT_FALSE(all.close_before_page);
  for (int alert = 0; alert < kAlerts; ++alert) {
    const std::string subject = "link l" + std::to_string(alert);
    EXPECT_EQ(all.pages.at(subject).size(), 1U) << subject;
    EXPECT_EQ(all.closes.at(subject).size(), 1U) << subject;
  }
  std::ifstream log(dir.path() + "/log");
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace itnxt::test
