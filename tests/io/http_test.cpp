#include "daemon/io/http.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <sstream>
#include <thread>

#include "daemon/io/http_deadlines.hpp"
#include "tests/io/http_client.hpp"
#include "tests/metrics/sample_state.hpp"

namespace itnxt {
namespace {

using test::ask;
using test::Client;
using test::Reply;

HttpConfig any_port(const char* host = "127.0.0.1") {
  HttpConfig config;
  config.host = host;
  config.port = 0;
  return config;
}

class HttpTest : public testing::Test {
 protected:
  HttpTest() {
    exchange.publish(test::sample_snapshot(), test::sample_board());
    auto started = HttpServer::start(any_port(), exchange, figures,
                                     {{"0.1.0", "abc"}, NodeName("center"), WallTime{}});
    if (!started) ADD_FAILURE() << started.error();
    server = std::move(started).value();
    port = server->port();
  }
  static std::shared_ptr<Snapshot> big_snapshot(int interfaces) {
    auto snapshot = test::sample_snapshot();
    auto device = std::make_shared<DeviceView>(*snapshot->devices[0]);
    device->interfaces.clear();
    for (int i = 0; i < interfaces; ++i) {
      device->interfaces.push_back(test::full_interface("r1", ("eth" + std::to_string(i)).c_str()));
    }
    snapshot->devices[0] = device;
    return snapshot;
  }

  Exchange exchange;
  ProcessFigures figures;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

TEST_F(HttpTest, HealthyAndReady) {
  Reply reply = ask(port, "/-/healthy");
  EXPECT_EQ(reply.code, 200);
  EXPECT_EQ(reply.body, "itnxt is healthy.\n");
  reply = ask(port, "/-/ready");
  EXPECT_EQ(reply.code, 503);
  EXPECT_EQ(reply.body, "itnxt is not ready: its state is still being loaded.\n");
  exchange.set_ready(true);
  reply = ask(port, "/-/ready");
  EXPECT_EQ(reply.code, 200);
  EXPECT_EQ(reply.body, "itnxt is ready.\n");
}

TEST_F(HttpTest, ReadyWithAFullDiskSaysWhatToDo) {
  auto board = std::make_shared<Board>(*test::sample_board());
  board->storage_problem = "cannot write /state/alerts.db: database or disk is full";
  exchange.publish(test::sample_snapshot(), board);
  exchange.set_ready(true);
  const Reply reply = ask(port, "/-/ready");
  EXPECT_EQ(reply.code, 200);
  EXPECT_EQ(reply.body,
            "itnxt is ready.\n"
            "The alert state is not written: cannot write /state/alerts.db: database or disk is "
            "full: pages go out from memory, a restart forgets them; make room or mend the "
            "disk.\n");
}

TEST_F(HttpTest, ReadyWhileEventsAreNotStoredSaysWhatToDo) {
  auto board = std::make_shared<Board>(*test::sample_board());
  board->journal_problem = "cannot write /state/events.db: database or disk is full";
  exchange.publish(test::sample_snapshot(), board);
  exchange.set_ready(true);
  EXPECT_EQ(ask(port, "/-/ready").body,
            "itnxt is ready.\n"
            "Events are not stored: cannot write /state/events.db: database or disk is full: they "
            "take effect, and their collectors keep them; make room or mend the disk.\n");
}

TEST_F(HttpTest, TheLatestEventsAreFoundBySizeAndId) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    auto event = std::make_shared<StoredEvent>();
    event->id = id;
    event->taken = WallTime(Duration(1'700'000'000s));
    event->node = NodeName("md");
    event->collector = CollectorName("traps");
    event->epoch = 0xFFFFFFFFFFFFFFFFU;
    event->event.sequence = id;
    event->event.kind = "interface_down";
    event->event.device = DeviceName("r1");
    event->event.interface = InterfaceStatus{0, "eth0", AdminStatus::up, OperStatus::not_present};
    event->event.details = {{"sender", "10.0.0.1"}};
    exchange.events().add(std::move(event));
  }
  const std::string third =
      R"({"id":3,"time":"1970-01-01T00:00:00.000Z","taken":"2023-11-14T22:13:20.000Z",)"
      R"("node":"md","collector":"traps","epoch":"18446744073709551615","sequence":3,)"
      R"("kind":"interface_down","device":"r1",)"
      R"("interface":{"name":"eth0","if_index":null,"admin":"up","oper":"notPresent"},)"
      R"("answers":null,"text":"","details":{"sender":"10.0.0.1"},"refused":false})";
  const std::string only_third = R"({"status":"success","data":[)" + third + "]}\n";
  EXPECT_EQ(ask(port, "/api/v1/events?limit=1").body, only_third);
  EXPECT_EQ(ask(port, "/api/v1/events?since=2").body,
            R"({"status":"success","data":[)" + third +
                "],\"next\":3,\"more\":false,\"missed\":false}\n");
  EXPECT_EQ(ask(port, "/api/v1/events?since=3").body,
            "{\"status\":\"success\",\"data\":[],\"next\":3,\"more\":false,\"missed\":false}\n");
  const std::string oldest = ask(port, "/api/v1/events?since=0&limit=1").body;
  EXPECT_EQ(oldest.substr(0, 35), R"({"status":"success","data":[{"id":1)");
  EXPECT_TRUE(oldest.ends_with("],\"next\":1,\"more\":true,\"missed\":false}\n")) << oldest;
  EXPECT_EQ(ask(port, "/api/v1/events").body.substr(0, 30 + third.size()),
            R"({"status":"success","data":[)" + third + ",\n");
  for (const std::string query : {"limit=0", "limit=10001", "limit=", "limit=1%20", "limit=+1"}) {
    const Reply reply = ask(port, "/api/v1/events?" + query);
    EXPECT_EQ(reply.code, 400) << query;
    EXPECT_EQ(reply.body,
              "{\"status\":\"error\",\"error\":\"limit: a number from 1 to 10000 is expected\"}\n");
  }
  EXPECT_EQ(ask(port, "/api/v1/events?since=99999999999999999999").body,
            "{\"status\":\"error\",\"error\":\"since: the id of an event is expected\"}\n");
}

TEST_F(HttpTest, MetricsInBothFormatsWithTheProcessOwnFigures) {
  const Reply text = ask(port, "/metrics");
  EXPECT_EQ(text.code, 200);
  EXPECT_EQ(text.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(text.headers.at("vary"), "Accept, Accept-Encoding");
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_start_time_seconds"}) {
    EXPECT_NE(text.body.find("\n" + std::string(name) + " "), std::string::npos) << name;
  }
  const Reply open =
      ask(port, "/metrics",
          "Accept: application/openmetrics-text;version=1.0.0,"
          "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
          "*/*;q=0.1\r\n");
  EXPECT_EQ(open.headers.at("content-type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(open.body.ends_with("\n# EOF\n"));
  EXPECT_NE(open.body.find("\nitnxt_http_requests_total{code=\"200\",path=\"/metrics\"} 1\n"),
            std::string::npos);
  std::set<std::string> families;
  std::istringstream lines(open.body);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(families.insert(line.substr(0, line.find(' ', 7))).second) << line;
  }
}

TEST_F(HttpTest, EveryPathAnswersAndHeadHasNoBody) {
  for (const char* path :
       {"/", "/metrics", "/-/healthy", "/api/v1/sites", "/api/v1/links", "/api/v1/devices",
        "/api/v1/interfaces", "/api/v1/captures", "/api/v1/talkers", "/api/v1/collectors",
        "/api/v1/alerts", "/api/v1/crisis", "/api/v1/status"}) {
    const Reply got = ask(port, path);
    EXPECT_EQ(got.code, 200) << path;
    EXPECT_FALSE(got.body.empty()) << path;
    EXPECT_EQ(got.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(got.headers.at("x-frame-options"), "DENY");
    EXPECT_EQ(got.headers.at("cache-control"), "no-store");
    EXPECT_EQ(got.headers.at("content-security-policy").substr(0, 19), "default-src 'none';");
    const Reply head = ask(port, path, "", "HEAD");
    EXPECT_EQ(head.code, 200) << path;
    EXPECT_EQ(head.body, "") << path;
    EXPECT_EQ(head.headers.at("content-type"), got.headers.at("content-type"));
  }
}

TEST_F(HttpTest, WhatIsNotThereSaysWhatIs) {
  const Reply page = ask(port, "/wp-login.php");
  EXPECT_EQ(page.code, 404);
  EXPECT_EQ(page.body,
            "404: no such page. There are /, /metrics, /-/healthy, /-/ready and /api/v1/ with "
            "sites, links, devices, interfaces, captures, talkers, collectors, events, alerts, "
            "crisis, status.\n");
  const Reply api = ask(port, "/api/v1/<script>");
  EXPECT_EQ(api.code, 404);
  EXPECT_EQ(api.headers.at("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(api.body,
            "{\"status\":\"error\",\"error\":\"no such endpoint: there are sites, links, devices, "
            "interfaces, captures, talkers, collectors, events, alerts, crisis, status\"}\n");
}

TEST_F(HttpTest, ReadOnly) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"}) {
    const Reply reply = ask(port, "/metrics", "", method);
    EXPECT_EQ(reply.code, 405) << method;
    EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD");
    EXPECT_EQ(reply.body, "405: read-only, GET and HEAD.\n");
  }
  // A body is not waited for.
  const Reply big = ask(port, "/metrics", "Content-Length: 1073741824\r\n", "POST");
  EXPECT_EQ(big.code, 405);
}

TEST_F(HttpTest, ABodyIsRefusedUnread) {
  for (const char* header : {"Content-Length: 1073741824\r\n", "Transfer-Encoding: chunked\r\n"}) {
    const Reply reply = ask(port, "/metrics", header);
    EXPECT_EQ(reply.code, 400) << header;
    EXPECT_EQ(reply.body, "400: send no body with GET or HEAD.\n");
  }
  EXPECT_EQ(ask(port, "/metrics", "Content-Length: 0\r\n").code, 200);
}

TEST_F(HttpTest, GzipIsTheSameText) {
  exchange.publish(big_snapshot(1000), test::sample_board());
  for (const char* path : {"/api/v1/interfaces", "/api/v1/status", "/-/healthy"}) {
    const Reply plain = ask(port, path);
    const Reply zipped = ask(port, path, "Accept-Encoding: gzip, deflate, br\r\n");
    EXPECT_EQ(plain.headers.count("content-encoding"), 0U);
    EXPECT_EQ(zipped.headers.at("content-encoding"), "gzip");
    EXPECT_EQ(test::gunzip(zipped.body), plain.body) << path;
  }
  const Reply scrape = ask(port, "/metrics", "Accept-Encoding: gzip\r\n");
  const std::string text = test::gunzip(scrape.body);
  EXPECT_NE(text.find("interface=\"eth999\",reason=\"late\"} 0\n"), std::string::npos);
  EXPECT_LT(scrape.body.size() * 8, text.size());
}

TEST_F(HttpTest, TheInterfacesOfOneDevice) {
  EXPECT_EQ(ask(port, "/api/v1/interfaces?device=r2").body,
            "{\"status\":\"success\",\"data\":[]}\n");
  EXPECT_NE(ask(port, "/api/v1/interfaces?device=r%31").body.find("\"interface\":\"eth0\""),
            std::string::npos);
}

TEST_F(HttpTest, HugeAndBrokenRequestsAreRefused) {
  const Reply huge = ask(port, "/metrics", "X-Big: " + std::string(64 << 10, 'a') + "\r\n");
  EXPECT_GE(huge.code, 400);
  EXPECT_LT(huge.code, 500);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_GE(ask(port, "/metrics", many).code, 400);
  const Reply long_path = ask(port, "/" + std::string(64 << 10, 'a'));
  EXPECT_GE(long_path.code, 400);
  Instant now{};
  for (const char* broken :
       {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
        "GET /metrics HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Client client(port);
    client.send(broken);
    client.finish();
    EXPECT_EQ(ask(port, "/-/healthy").code, 200);
    server->sweep(now);
    server->sweep(now += kRequestLimit + 1s);  // who got no answer need not wait for his end
    client.receive_all();
  }
  EXPECT_EQ(ask(port, "/-/healthy").code, 200);
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInOrder) {
  Client client(port);
  const std::string get = " HTTP/1.1\r\nHost: x\r\n";
  client.send("GET /-/healthy" + get + "\r\nGET /metrics" + get + "\r\nGET /api/v1/crisis" + get +
              "Connection: close\r\n\r\n");
  const std::string all = client.receive_all();
  const std::size_t first = all.find("itnxt is healthy.");
  const std::size_t third = all.find("{\"state\":\"normal\",\"sites\":[]}");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(third, std::string::npos);
  EXPECT_LT(first, third);
}

TEST_F(HttpTest, HalfOpenConnectionsDoNotDelayAScrape) {
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<Client>(port));
    ASSERT_TRUE(slow.back()->connected());
    slow.back()->send(i % 2 == 0 ? "" : "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  }
  EXPECT_EQ(ask(port, "/metrics").code, 200);
  EXPECT_EQ(ask(port, "/-/healthy").code, 200);
}

TEST_F(HttpTest, TenScrapesAtOnceGetTheSameWhilePublishing) {
  const auto one = big_snapshot(2000);
  const auto other = big_snapshot(2000);
  exchange.publish(one, test::sample_board());
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    for (unsigned i = 0; !done; ++i) {
      exchange.publish(i % 2 == 0 ? one : other, test::sample_board());
      figures.gauge(Metric::process_open_fds).set(1);
      std::this_thread::yield();
    }
  });
  std::atomic<int> good = 0;
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 10; ++i) {
    scrapers.emplace_back([&, i] {
      const Reply reply = ask(port, "/metrics", i % 2 == 0 ? "" : "Accept-Encoding: gzip\r\n");
      const std::string text = i % 2 == 0 ? reply.body : test::gunzip(reply.body);
      if (text.find("interface=\"eth1999\",reason=\"late\"} 0\n") != std::string::npos) ++good;
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  done = true;
  publisher.join();
  EXPECT_EQ(good, 10);
}

TEST_F(HttpTest, AClientThatGoesAwayInTheMiddleHarmsNobody) {
  exchange.publish(big_snapshot(2000), test::sample_board());
  for (int i = 0; i < 20; ++i) {
    Client client(port);
    client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  EXPECT_EQ(ask(port, "/-/healthy").code, 200);
}

// Bytes that come now and then keep libmicrohttpd's own timeout from ever ending a connection.
TEST_F(HttpTest, ARequestThatDripsIsEnded) {
  Client dripping(port);
  Client mute(port);
  dripping.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  ASSERT_EQ(ask(port, "/-/healthy").code, 200);
  const Instant start{};
  server->sweep(start);
  server->sweep(start + kRequestLimit);
  dripping.send("a");
  EXPECT_TRUE(dripping.still_open());
  Instant now = start + kRequestLimit;
  for (int i = 0; i < 500 && (dripping.still_open() || mute.still_open()); ++i) {
    server->sweep(now += kRequestLimit + 1s);  // again: they may have been unknown to the first
    dripping.send("a");
    ASSERT_EQ(ask(port, "/-/healthy").code, 200);
  }
  EXPECT_FALSE(dripping.still_open());
  EXPECT_FALSE(mute.still_open());
}

TEST_F(HttpTest, EveryRequestOfAConnectionHasItsOwnTime) {
  Client client(port);
  Instant now{};
  for (int i = 0; i < 3; ++i) {
    client.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n");
    server->sweep(now);
    server->sweep(now += kRequestLimit);
    client.send("\r\n");
    EXPECT_NE(client.receive_until("itnxt is healthy.\n\r\n0\r\n\r\n").find("200 OK"),
              std::string::npos);
  }
}

// Who reads a byte now and then must not make the server keep every state there ever was.
TEST_F(HttpTest, AnAnswerDoesNotHoldThePastForEver) {
  std::weak_ptr<const Snapshot> old;
  {
    const auto big = big_snapshot(20'000);
    old = big;
    exchange.publish(big, test::sample_board());
  }
  Client lazy(port);
  lazy.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(lazy.receive(1).size(), 1U);
  exchange.publish(test::sample_snapshot(), test::sample_board());
  const Instant start{};
  server->sweep(start);
  server->sweep(start + kAnswerLimit);
  EXPECT_EQ(ask(port, "/-/healthy").code, 200);
  EXPECT_FALSE(old.expired());
  server->sweep(start + kAnswerLimit + 1s);
  for (int i = 0; i < 20'000 && !old.expired(); ++i) {
    ASSERT_EQ(ask(port, "/-/healthy").code, 200);
  }
  EXPECT_TRUE(old.expired());
}

TEST_F(HttpTest, ThePageIsSelfContainedAndItsScriptAloneMayRun) {
  const Reply page = ask(port, "/");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  const std::string policy = page.headers.at("content-security-policy");
  const std::size_t at = page.body.find("nonce=\"") + 7;
  const std::string nonce = page.body.substr(at, page.body.find('"', at) - at);
  EXPECT_EQ(nonce.size(), 32U);
  EXPECT_EQ(policy, "default-src 'none'; connect-src 'self'; img-src data:; style-src 'nonce-" +
                        nonce + "'; script-src 'nonce-" + nonce +
                        "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  for (const char* outside : {"http://", "https://", "src=", "@import", "url(", "innerHTML",
                              "insertAdjacent", "document.write", "eval("}) {
    EXPECT_EQ(page.body.find(outside), std::string::npos) << outside;
  }
  EXPECT_EQ(ask(port, "/").body.find(nonce), std::string::npos);
}

TEST_F(HttpTest, APortInUseIsNamed) {
  HttpConfig config = any_port();
  config.port = port;
  const auto second = HttpServer::start(config, exchange, figures, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error(),
            "aggregator.http.listen 127.0.0.1:" + std::to_string(port) +
                ": cannot be bound: Address already in use: another program listens there; stop it "
                "or choose another port");
}

TEST(Http, AnAddressOfAnotherHostIsNamed) {
  Exchange exchange;
  ProcessFigures figures;
  HttpConfig config = any_port("192.0.2.1");
  config.port = 9690;
  EXPECT_EQ(HttpServer::start(config, exchange, figures, {}).error(),
            "aggregator.http.listen 192.0.2.1:9690: cannot be bound: Cannot assign requested "
            "address: no interface of this host has that address");
  config.host = "256.1.1.1";
  EXPECT_EQ(HttpServer::start(config, exchange, figures, {}).error().substr(0, 61),
            "aggregator.http.listen 256.1.1.1:9690: cannot be resolved: Na");
}

TEST(Http, ListensOnIPv6) {
  Exchange exchange;
  ProcessFigures figures;
  auto server = HttpServer::start(any_port("::1"), exchange, figures, {});
  if (!server) GTEST_SKIP() << "this host has no IPv6 loopback: " << server.error();
  Client client((*server)->port(), true);
  client.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(test::parse(client.receive_all()).body, "itnxt is healthy.\n");
  HttpConfig taken = any_port("::1");
  taken.port = (*server)->port();
  EXPECT_EQ(HttpServer::start(taken, exchange, figures, {}).error(),
            "aggregator.http.listen [::1]:" + std::to_string(taken.port) +
                ": cannot be bound: Address already in use: another program listens there; stop it "
                "or choose another port");
}

}  // namespace
}  // namespace itnxt
