// The collector on the real loop against sockets of this process; names by the test.
#include "collectors/probe/collector.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/core/fd.hpp"
#include "daemon/io/poll_loop.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/series_number.hpp"

namespace itnxt::probe {
namespace {

// A socket on 127.0.0.1 and its port.
struct Peer {
  Fd fd;
  std::uint16_t port = 0;
  explicit Peer(int type) : fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    socklen_t size = sizeof at;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
    EXPECT_TRUE(type != SOCK_STREAM || ::listen(fd.get(), 64) == 0);
  }
};

class ProbeCollectorTest : public testing::Test {
 protected:
  ProbeTarget& add(const char* name, ProbeType type, std::uint16_t port) {
    ProbeTarget& target = config.targets.emplace_back();
    target.name = TargetName(name);
    target.type = type;
    target.host = "127.0.0.1";
    target.port = port;
    target.timeout = 100ms;
    return target;
  }
  void begin() {
    collector = make_collector(config, {loop, sink, log}, lookup);
    collector->start();
  }
  // The value of the newest sample; none: no such row.
  [[nodiscard]] std::optional<double> value(const std::string& family,
                                            const std::vector<std::string>& labels) const {
    const auto samples = sink.all<SeriesSample>();
    if (samples.empty()) return std::nullopt;
    for (const SeriesFamily& one : samples.back().families) {
      if (one.name != family) continue;
      for (const SeriesRow& row : one.rows) {
        if (row.labels != labels) continue;
        return test::number_of(row.value);
      }
    }
    return std::nullopt;
  }
  bool wait_samples(std::size_t count) {
    return test::run_until(loop, [&] { return sink.samples.size() >= count; });
  }

  PollLoop loop;
  test::RecordingSink sink;
  test::RecordingLog log;
  ProbeCollectorConfig config = [] {
    ProbeCollectorConfig made;
    made.name = CollectorName("mesh");
    made.interval = 200ms;
    made.count = 4;
    made.spacing = 5ms;
    return made;
  }();
  Resolver::Lookup lookup = [](const std::string&, std::uint16_t) {
    return Result<Address>(Error{"no such name"});
  };
  std::unique_ptr<Collector> collector;
};

TEST_F(ProbeCollectorTest, ConnectsAndTellsRefusedFromSilence) {
  const Peer open(SOCK_STREAM);
  const Peer silent(SOCK_DGRAM);
  std::uint16_t closed = 0;
  {
    const Peer gone(SOCK_STREAM);
    closed = gone.port;
  }
  add("open", ProbeType::tcp, open.port);
  add("closed", ProbeType::tcp, closed);
  ProbeTarget& silence = add("silent", ProbeType::dns, silent.port);
  silence.query = "example.org";
  begin();
  ASSERT_TRUE(wait_samples(1));
  EXPECT_EQ(value("itnxt_probe_up", {"open"}), 1);
  EXPECT_EQ(value("itnxt_probe_loss_ratio", {"open"}), 0);
  EXPECT_GT(value("itnxt_probe_rtt_seconds", {"open", "0.5"}), 0);
  EXPECT_EQ(value("itnxt_probe_up", {"closed"}), 0);
  EXPECT_EQ(value("itnxt_probe_unreachable_total", {"closed"}), 4);
  EXPECT_EQ(value("itnxt_probe_loss_ratio", {"silent"}), 1);
  EXPECT_EQ(value("itnxt_probe_unreachable_total", {"silent"}), 0);
  EXPECT_EQ(value("itnxt_probe_failures_total", {"silent", "lost"}), 4);
  ASSERT_EQ(sink.events.size(), 2U);
  EXPECT_EQ(sink.events[0].text,
            "closed (tcp 127.0.0.1:" + std::to_string(closed) + ") does not answer: refused");
  EXPECT_EQ(sink.events[1].details.back(), (std::pair<std::string, std::string>("reason", "lost")));
  EXPECT_EQ(sink.told_before, (std::vector<std::size_t>{0, 0}));  // before the metrics
}

TEST_F(ProbeCollectorTest, AnswersOfDnsAreHeldAgainstTheQuestion) {
  const Peer server(SOCK_DGRAM);
  add("dns", ProbeType::dns, server.port).query = "example.org";
  std::uint8_t rcode = 0;
  const Watch serve = loop.watch(server.fd.get(), Interest::readable, [&] {
    std::array<std::uint8_t, 512> bytes;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(server.fd.get(), bytes.data(), bytes.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    ASSERT_GT(n, 12);
    bytes[2] = 0x81;
    bytes[3] = rcode;
    bytes[7] = rcode == 0 ? 1 : 0;
    (void)!::sendto(server.fd.get(), bytes.data(), static_cast<std::size_t>(n), 0,
                    reinterpret_cast<sockaddr*>(&from), size);
  });
  begin();
  ASSERT_TRUE(wait_samples(1));
  EXPECT_EQ(value("itnxt_probe_up", {"dns"}), 1);
  EXPECT_TRUE(sink.events.empty());  // well from the beginning
  rcode = 3;
  ASSERT_TRUE(test::run_until(loop, [&] { return sink.events.size() == 1; }));
  EXPECT_EQ(sink.events[0].kind, "target_unreachable");
  EXPECT_EQ(sink.events[0].text, "dns (dns 127.0.0.1:" + std::to_string(server.port) +
                                     ") answers wrongly: NXDOMAIN: there is no such name");
  rcode = 0;
  ASSERT_TRUE(test::run_until(loop, [&] { return sink.events.size() == 2; }));
  EXPECT_EQ(sink.events[1].kind, "target_reachable");
  EXPECT_GE(value("itnxt_probe_failures_total", {"dns", "wrong"}).value_or(0), 0);
  EXPECT_EQ(value("itnxt_probe_dns_rcode", {"dns"}), 0);
}

TEST_F(ProbeCollectorTest, ANameThatDoesNotResolveIsCountedAndDisturbsNobody) {
  const Peer open(SOCK_STREAM);
  add("open", ProbeType::tcp, open.port);
  add("noname", ProbeType::tcp, 80).host = "portal.example.org";
  begin();
  ASSERT_TRUE(wait_samples(2));
  EXPECT_EQ(value("itnxt_probe_up", {"open"}), 1);
  EXPECT_EQ(value("itnxt_probe_up", {"noname"}), 0);
  EXPECT_EQ(value("itnxt_probe_loss_ratio", {"noname"}), std::nullopt);
  EXPECT_EQ(value("itnxt_probe_failures_total", {"noname", "unresolved"}), 8)
      << "as many as were not sent";
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0],
            "level=warning msg=\"a target's name does not resolve: correct its address, or look at "
            "this host's resolver\" probe=mesh target=noname name=portal.example.org reason=\"no "
            "such name\"");
}

TEST_F(ProbeCollectorTest, ANameThatComesIsProbed) {
  const Peer open(SOCK_STREAM);
  std::atomic<bool> known = false;
  lookup = [&](const std::string&, std::uint16_t port) -> Result<Address> {
    if (!known) return Error{"no such name"};
    return *numeric_address("127.0.0.1", port);
  };
  add("late", ProbeType::tcp, open.port).host = "late.example.org";
  begin();
  ASSERT_TRUE(test::run_until(loop, [&] { return sink.events.size() == 1; }));
  known = true;
  ASSERT_TRUE(test::run_until(loop, [&] { return sink.events.size() == 2; }));
  EXPECT_EQ(sink.events[1].kind, "target_reachable");
}

TEST_F(ProbeCollectorTest, AReloadKeepsTheTotalsOfWhatStays) {
  const Peer open(SOCK_STREAM);
  add("open", ProbeType::tcp, open.port);
  begin();
  ASSERT_TRUE(wait_samples(1));
  add("other", ProbeType::tcp, open.port);
  ASSERT_TRUE(collector->update(config));
  EXPECT_EQ(value("itnxt_probe_sent_total", {"open"}), 4);  // no gap
  const std::size_t before = sink.samples.size();
  EXPECT_EQ(before, 3U);  // the old group has let go of its series before
  EXPECT_TRUE(sink.all<SeriesSample>()[1].families[0].rows.empty());
  ASSERT_TRUE(wait_samples(before + 1));
  EXPECT_EQ(value("itnxt_probe_sent_total", {"open"}), 8);
  EXPECT_EQ(value("itnxt_probe_sent_total", {"other"}), 4);
  EXPECT_TRUE(sink.events.empty());
}

TEST_F(ProbeCollectorTest, AnHttpServerThatSpeaksNoHttpIsWrong) {
  const Peer server(SOCK_STREAM);
  const Watch serve = loop.watch(server.fd.get(), Interest::readable, [&] {
    const Fd client(::accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    (void)!::send(client.get(), "220 mail\r\n", 10, MSG_NOSIGNAL);
  });
  ProbeTarget& web = add("web", ProbeType::http, server.port);
  web.url = "http://127.0.0.1:" + std::to_string(server.port) + "/";
  begin();
  ASSERT_TRUE(wait_samples(1));
  EXPECT_EQ(value("itnxt_probe_up", {"web"}), 0);
  EXPECT_EQ(value("itnxt_probe_failures_total", {"web", "wrong"}), 4);
  EXPECT_EQ(value("itnxt_probe_http_status", {"web"}), std::nullopt);
}

TEST_F(ProbeCollectorTest, HttpIsJudgedByItsStatus) {
  const Peer server(SOCK_STREAM);
  std::vector<Fd> clients;
  const Watch serve = loop.watch(server.fd.get(), Interest::readable, [&] {
    clients.emplace_back(::accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    constexpr std::string_view kText = "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n";
    (void)!::send(clients.back().get(), kText.data(), kText.size(), MSG_NOSIGNAL);
  });
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port) + "/";
  add("usual", ProbeType::http, server.port).url = url;
  ProbeTarget& down = add("down", ProbeType::http, server.port);
  down.url = url;
  down.expect = {200, 503};
  begin();
  ASSERT_TRUE(wait_samples(1));
  EXPECT_EQ(value("itnxt_probe_up", {"usual"}), 0);
  EXPECT_EQ(value("itnxt_probe_http_status", {"usual"}), 503);
  EXPECT_EQ(value("itnxt_probe_up", {"down"}), 1);
  EXPECT_EQ(value("itnxt_probe_loss_ratio", {"down"}), 0);
}

TEST_F(ProbeCollectorTest, SaysThatNoTlsIsSpokenOnAPlainPort) {
  const Peer other(SOCK_STREAM);
  const std::string url = "https://127.0.0.1:" + std::to_string(other.port) + "/";
  add("plain", ProbeType::http, other.port).url = url + "?token=secret";
  begin();
  std::vector<Fd> taken;
  const Watch greet = loop.watch(other.fd.get(), Interest::readable, [&] {
    taken.emplace_back(::accept4(other.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    constexpr std::string_view kGreeting = "HTTP/1.1 400 Bad Request\r\n\r\n";
    (void)!::send(taken.back().get(), kGreeting.data(), kGreeting.size(), MSG_NOSIGNAL);
  });
  ASSERT_TRUE(test::run_until(loop, [&] { return !sink.samples.empty(); }));
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(sink.events[0].text,
            "plain (" + url + ") answers, but is not to be trusted: no TLS is spoken there");
}

TEST_F(ProbeCollectorTest, AnotherReasonWithinAnOutageIsToldOnce) {
  std::optional<Peer> server(SOCK_DGRAM);
  add("dns", ProbeType::dns, server->port).query = "example.org";
  begin();
  ASSERT_TRUE(test::run_until(loop, [&] { return sink.events.size() == 1; }));
  const std::string what = "dns (dns 127.0.0.1:" + std::to_string(server->port) + ")";
  EXPECT_EQ(sink.events[0].text, what + " does not answer: lost");
  server.reset();
  ASSERT_TRUE(test::run_until(loop, [&] { return sink.events.size() == 2; }));
  EXPECT_EQ(sink.events[1].text, what + " does not answer: refused (before: lost)");
  ASSERT_TRUE(wait_samples(sink.samples.size() + 2));
  EXPECT_EQ(sink.events.size(), 2U);
}

TEST_F(ProbeCollectorTest, SaysWhatWasWrongWithAnHttpAnswer) {
  const Peer other(SOCK_STREAM);
  const std::string at = "127.0.0.1:" + std::to_string(other.port);
  add("wrong", ProbeType::http, other.port).url = "http://" + at + "/";
  ProbeTarget& bare = add("bare", ProbeType::http, other.port);
  bare.url = "https://" + at + "/";
  bare.ca = "/nowhere/ca.pem";
  begin();
  std::vector<Fd> taken;
  const Watch greet = loop.watch(other.fd.get(), Interest::readable, [&] {
    taken.emplace_back(::accept4(other.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    constexpr std::string_view kGreeting = "SSH-2.0-other\r\n";
    (void)!::send(taken.back().get(), kGreeting.data(), kGreeting.size(), MSG_NOSIGNAL);
  });
  ASSERT_TRUE(test::run_until(loop, [&] { return !sink.samples.empty(); }));
  ASSERT_EQ(sink.events.size(), 2U);
  EXPECT_EQ(sink.events[0].text,
            "wrong (http://" + at + "/) answers wrongly: Received HTTP/0.9 when not allowed");
  EXPECT_EQ(sink.events[1].text,
            "bare (https://" + at +
                "/) is not probed: this host cannot: error setting certificate file: "
                "/nowhere/ca.pem");
  EXPECT_EQ(value("itnxt_probe_failures_total", {"bare", "local"}), 4);
  EXPECT_EQ(value("itnxt_probe_loss_ratio", {"bare"}), std::nullopt);
  EXPECT_EQ(log.lines, std::vector<std::string>());
}

TEST(ProbeCheck, WarnsOfCertificatesThatAreNotThere) {
  ProbeCollectorConfig config;
  ProbeTarget& target = config.targets.emplace_back();
  target.name = TargetName("portal");
  EXPECT_EQ(check_probe(config), std::vector<Objection>());
  target.ca = "/nowhere/ca.pem";
  EXPECT_EQ(check_probe(config),
            (std::vector<Objection>{
                {"targets",
                 "targets: target 'portal': ca: /nowhere/ca.pem cannot be read now: No such file "
                 "or directory; without it every probe of the target fails as local",
                 true}}));
  target.ca = "/proc/self/status";
  EXPECT_EQ(check_probe(config), std::vector<Objection>());
}

}  // namespace
}  // namespace itnxt::probe
