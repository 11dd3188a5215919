#include "daemon/io/http_client.hpp"

#include <gmock/gmock.h>

#include "tests/support/run_until.hpp"
#include "tests/support/test_server.hpp"

namespace itnxt::test {
namespace {

struct World {
  PollLoop loop;
  std::unique_ptr<HttpClient> client = std::move(HttpClient::start(loop)).value();

  HttpAnswer post(const std::string& url, std::string body = "{}") {
    std::optional<HttpAnswer> response;
    const Registration call = client->post({url, {{"X-Test", "yes"}}, std::move(body)},
                                           [&](HttpAnswer r) { response = std::move(r); });
    EXPECT_TRUE(run_until(loop, [&] { return response.has_value(); }));
    return response.value_or(HttpAnswer{});
  }
};

TEST(HttpClient, PostsAndReadsTheAnswer) {
  TestServer server(
      [](const Received&) { return Reply{201, "Retry-After: 7\r\n", "fine", {}, {}, {}}; });
  World world;
  const std::string body(300'000, 'x');
  const HttpAnswer response = world.post(server.url("/hook?a=b"), body);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "fine");
  EXPECT_EQ(response.retry_after, 7s);
  EXPECT_GT(response.took, 0s);
  ASSERT_EQ(server.count(), 1U);
  EXPECT_EQ(server.received()[0].path, "/hook?a=b");
  EXPECT_EQ(server.received()[0].headers.at("x-test"), "yes");
  EXPECT_EQ(server.received()[0].body, body);
}

TEST(HttpClient, SaysWhyThereIsNoAnswer) {
  World world;
  std::string url;
  {
    const TestServer gone;
    url = gone.url("/secret");
  }
  const HttpAnswer refused = world.post(url);
  EXPECT_EQ(refused.status, 0);
  EXPECT_EQ(refused.problem, "Couldn't connect to server");
  EXPECT_EQ(world.post("file:///etc/passwd").problem, "Unsupported protocol");
}

TEST(HttpClient, FollowsNoRedirectAndReadsNoEndlessBody) {
  World world;
  TestServer server([](const Received& request) {
    if (request.path == "/redirect") return Reply{302, "Location: /elsewhere\r\n", "", {}, {}, {}};
    return Reply{200, "", std::string(1'000'000, 'x'), {}, {}, {}};
  });
  const HttpAnswer redirect = world.post(server.url("/redirect"));
  EXPECT_EQ(redirect.status, 302);
  EXPECT_EQ(redirect.location, "/elsewhere");
  const HttpAnswer huge = world.post(server.url("/huge"));
  EXPECT_EQ(huge.status, 200);
  EXPECT_EQ(huge.body.size(), 64U * 1024U);
  EXPECT_EQ(server.count(), 2U);
}

// Two of the ten seconds that a request may take, at the same time.
TEST(HttpClient, AHungReceiverTimesOutAndDelaysNoOther) {
  World world;
  TestServer hung([](const Received& request) {
    Reply reply;
    reply.hang = request.path == "/silent";
    reply.hang_after = !reply.hang;
    return reply;
  });
  TestServer healthy;
  std::optional<HttpAnswer> silent;
  std::optional<HttpAnswer> half;
  const Registration a = world.client->post({hung.url("/silent"), {}, "{}"},
                                            [&](HttpAnswer r) { silent = std::move(r); });
  const Registration b =
      world.client->post({hung.url("/half"), {}, "{}"}, [&](HttpAnswer r) { half = std::move(r); });
  const Instant begin = world.loop.now();
  EXPECT_EQ(world.post(healthy.url()).status, 200);
  EXPECT_LT(world.loop.now() - begin, 5s);
  EXPECT_FALSE(silent.has_value());
  ASSERT_TRUE(run_until(world.loop, [&] { return silent && half; }));
  EXPECT_EQ(silent->status, 0);
  EXPECT_EQ(silent->problem, "Timeout was reached");
  EXPECT_EQ(half->status, 200);  // its status counts, however its body ends
}

TEST(HttpClient, ADroppedRegistrationIsNotCalled) {
  World world;
  TestServer server;
  bool called = false;
  {
    const Registration call =
        world.client->post({server.url(), {}, "{}"}, [&](const HttpAnswer&) { called = true; });
  }
  EXPECT_EQ(world.post(server.url()).status, 200);
  EXPECT_FALSE(called);
}

TEST(HttpClient, EndsAtOnceWithRequestsInFlight) {
  TestServer hung([](const Received&) { return Reply{200, "", "", true, {}, {}}; });
  PollLoop loop;
  auto client = std::move(HttpClient::start(loop)).value();
  const Registration call = client->post({hung.url(), {}, "{}"}, [](const HttpAnswer&) { FAIL(); });
  ASSERT_TRUE(run_until(loop, [&] { return hung.count() == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  client.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

}  // namespace
}  // namespace itnxt::test
