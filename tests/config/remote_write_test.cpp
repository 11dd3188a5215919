// aggregator.remote_write and aggregator.expose as values.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "daemon/config/load.hpp"

namespace itnxt {
namespace {

Loaded load(const std::string& text, Purpose purpose = Purpose::run) {
  setenv("STORE_TOKEN", "s3cret", 1);
  return load_config_text("a.yaml", text, purpose);
}

TEST(RemoteWriteConfig, EveryKeyBecomesItsValue) {
  const Loaded loaded = load(R"(
aggregator:
  expose: {series: false}
  remote_write:
    - url: "https://store.example.org/api/v1/push?token=hidden"
      external_labels: {region: north, _x: "1"}
      headers: {X-Scope-OrgID: itnxt}
      bearer_token: {env: STORE_TOKEN}
      queue: {max_size: 1GiB, shards: 8, batch: 100}
    - {url: "http://[::1]:9090/api/v1/write", basic_auth: {user: u, password: {env: STORE_TOKEN}}}
    - {url: "http://127.0.0.1", name: here}
)");
  for (const Issue& issue : loaded.issues) ADD_FAILURE() << to_text(issue);
  ASSERT_TRUE(loaded.config);
  const AggregatorConfig& aggregator = loaded.config->aggregator;
  EXPECT_FALSE(aggregator.expose.series);
  ASSERT_EQ(aggregator.remote_write.size(), 3U);
  const RemoteWriteConfig& first = aggregator.remote_write[0];
  EXPECT_EQ(first.url, "https://store.example.org/api/v1/push?token=hidden");
  EXPECT_EQ(first.name, "store.example.org:443/api/v1/push");
  EXPECT_EQ(first.external_labels,
            (std::map<std::string, std::string>{{"region", "north"}, {"_x", "1"}}));
  EXPECT_EQ(first.headers, (std::map<std::string, std::string>{{"X-Scope-OrgID", "itnxt"}}));
  EXPECT_EQ(first.bearer_token.reveal(), "s3cret");
  EXPECT_EQ(first.queue, (RemoteWriteQueue{Bytes(1U << 30U), 8, 100}));
  const RemoteWriteConfig& second = aggregator.remote_write[1];
  EXPECT_EQ(second.name, "[::1]:9090/api/v1/write");
  EXPECT_EQ(second.user, "u");
  EXPECT_EQ(second.password.reveal(), "s3cret");
  EXPECT_EQ(second.queue, RemoteWriteQueue{});
  EXPECT_EQ(aggregator.remote_write[2].name, "here");
}

// A node reads the same file without having the store's secrets.
TEST(RemoteWriteConfig, ACollectorNeedsNoneOfItsSecrets) {
  const Loaded loaded = load(
      "aggregator: {remote_write: [{url: \"https://h/\", bearer_token: {env: NOT_SET_HERE}}]}\n",
      Purpose::collect);
  for (const Issue& issue : loaded.issues) {
    EXPECT_EQ(issue.message.find("environment"), std::string::npos) << issue.message;
  }
}

}  // namespace
}  // namespace itnxt
