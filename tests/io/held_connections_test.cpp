// Connections that come and do not go on.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "daemon/core/fd.hpp"
#include "daemon/io/doorkeeper.hpp"
#include "daemon/io/inlet.hpp"
#include "daemon/io/publish.hpp"
#include "daemon/io/zmq_security.hpp"
#include "tests/io/zmtp_peer.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt::test {
namespace {

class HeldConnections : public testing::Test {
 protected:
  HeldConnections() {
    auto opened = Inlet::open(loop, log, zmq, "tcp://127.0.0.1:*", [](const Batch&) {});
    EXPECT_TRUE(opened) << opened.error();
    inlet = std::move(opened).value();
  }
  Fd connect(std::string_view words) const { return connect(words, inlet->endpoint()); }
  static Fd connect(std::string_view words, const std::string& at) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(at.substr(at.rfind(':') + 1))));
    Fd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(send(made.get(), words.data(), words.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(words.size()));
    return made;
  }
  static bool ended(const Fd& one) {
    pollfd state{one.get(), POLLRDHUP, 0};
    return poll(&state, 1, 0) == 1 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

  PollLoop loop;
  RecordingLog log;
  ZmqContext zmq;
  std::unique_ptr<Inlet> inlet;
};

TEST_F(HeldConnections, TheOldestOfTooManyAreEndedAndOneLineSaysSo) {
  constexpr std::size_t kShare = Doorkeeper::kMostOfSource;
  std::vector<Fd> held;
  for (std::size_t i = 0; i < 3 * kShare; ++i) held.push_back(connect({}));
  const auto open = [&] { return std::ranges::count_if(held, std::not_fn(ended)); };
  ASSERT_TRUE(run_until(loop, [&] { return open() == kShare; }));
  EXPECT_TRUE(std::all_of(held.begin(), held.begin() + 2 * kShare, ended));
  EXPECT_EQ(std::ranges::count_if(log.lines,
                                  [](const std::string& line) {
                                    return line.find("too many of them") != std::string::npos;
                                  }),
            1);
  EXPECT_THAT(log.lines,
              testing::Contains(
                  "level=warning msg=\"connections were ended that did not finish their handshake: "
                  "too many of them at a time; if they are none of yours, let a firewall "
                  "keep them off\" endpoint=" +
                  inlet->endpoint() + " peer=127.0.0.1 unsaid=0"));
}

TEST_F(HeldConnections, WhoHasFinishedStaysHoweverManyComeAndIsServed) {
  std::vector<std::unique_ptr<ZmtpPeer>> peers;
  std::atomic<bool> done = false;
  std::thread sender([&] {
    for (std::size_t i = 0; i < 2 * Doorkeeper::kMostOfSource; ++i)
      peers.push_back(std::make_unique<ZmtpPeer>(inlet->endpoint()));
    done = true;
  });
  EXPECT_TRUE(run_until(loop, [&] { return done.load(); }));
  sender.join();
  for (const auto& peer : peers) {
    ASSERT_TRUE(peer->connected());
    peer->part("rubbish", false);
  }
  const auto all = peers.size();
  EXPECT_TRUE(run_until(loop, [&] {
    return inlet->counts().refused[static_cast<std::size_t>(wire::Refusal::syntax)] == all;
  }));
}

// The bytes that a handshake has at the least are not there yet.
TEST_F(HeldConnections, WhoBeginsAReadyHasNotFinished) {
  std::string words(64, '\0');
  words[0] = '\xff';
  words[9] = '\x7f';
  words[10] = '\3';
  words.replace(12, 4, "NULL");
  words += "\x04\x1a\x05READY\x0bSocket-Type";
  std::vector<Fd> held;
  for (std::size_t i = 0; i < 2 * Doorkeeper::kMostOfSource; ++i) held.push_back(connect(words));
  const auto open = [&] { return std::ranges::count_if(held, std::not_fn(ended)); };
  EXPECT_TRUE(run_until(
      loop, [&] { return open() == static_cast<std::ptrdiff_t>(Doorkeeper::kMostOfSource); },
      4s));  // libzmq's own end: 5 s
}

TEST_F(HeldConnections, OfTheStreamTooIsSaid) {
  auto opened = Publisher::open(loop, log, zmq, "tcp://127.0.0.1:*", nullptr, 1);
  ASSERT_TRUE(opened) << opened.error();
  const std::string endpoint = (*opened)->endpoint();
  std::vector<Fd> held;
  for (std::size_t i = 0; i <= Doorkeeper::kMostOfSource; ++i)
    held.push_back(connect({}, endpoint));
  ASSERT_TRUE(run_until(loop, [&] { return ended(held.front()); }));
  EXPECT_THAT(log.lines,
              testing::ElementsAre(
                  "level=warning msg=\"connections were ended that did not finish their handshake: "
                  "too many of them at a time; if they are none of yours, let a firewall keep them "
                  "off\" endpoint=" +
                  endpoint + " peer=127.0.0.1 unsaid=0"));
}

// A command of 1 MiB is begun: libzmq would wait for the rest of it.
TEST_F(HeldConnections, WhoSendsMoreThanAHandshakeIsEnded) {
  const auto pair = make_curve_pair();
  ASSERT_TRUE(pair) << pair.error();
  Secret key(Secret::Source::file, "key");
  key.set(pair->secret_key);
  auto gate = Gate::open(loop, log, zmq, {key, {}});
  ASSERT_TRUE(gate) << gate.error();
  auto opened =
      Inlet::open(loop, log, zmq, "tcp://127.0.0.1:*", [](const Batch&) {}, {gate->get(), {}});
  ASSERT_TRUE(opened) << opened.error();
  inlet = std::move(opened).value();
  std::string words(64, '\0');
  words[0] = '\xff';
  words[9] = '\x7f';
  words[10] = '\3';
  words.replace(12, 5, "CURVE");
  using namespace std::string_view_literals;
  const std::string begun = words + std::string("\6\0\0\0\0\0\x10\0\0"sv);
  const Fd held = connect(begun + std::string(1024, 'x'));
  const Fd babbler = connect(begun + std::string(8192, 'x'));
  EXPECT_TRUE(run_until(
      loop, [&] { return ended(babbler); }, 4s));  // libzmq's own end: 5 s
  EXPECT_FALSE(ended(held));
}

}  // namespace
}  // namespace itnxt::test
