// Against Debian's own agent, over loopback: every pair of algorithms it supports, every wrong
// credential, and its reboots.
#include "tests/support/snmpd.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "collectors/snmp_protocol/usm/engine.hpp"
#include "tests/collectors/snmp_protocol/usm/agent.hpp"

namespace itnxt::snmp::usm {
namespace {

using test::Bytes;
using test::kAuthPassPhrase;
using test::kPrivPassPhrase;

constexpr AuthAlgorithm kAuths[] = {AuthAlgorithm::md5,    AuthAlgorithm::sha1,
                                    AuthAlgorithm::sha224, AuthAlgorithm::sha256,
                                    AuthAlgorithm::sha384, AuthAlgorithm::sha512};
constexpr PrivAlgorithm kPrivs[] = {
    PrivAlgorithm::none,   PrivAlgorithm::des,     PrivAlgorithm::aes128, PrivAlgorithm::aes192,
    PrivAlgorithm::aes256, PrivAlgorithm::aes192c, PrivAlgorithm::aes256c};

std::string spelt_by_netsnmp(AuthAlgorithm auth) {
  switch (auth) {
    case AuthAlgorithm::none:
      return "";
    case AuthAlgorithm::md5:
      return "MD5";
    case AuthAlgorithm::sha1:
      return "SHA";
    case AuthAlgorithm::sha224:
      return "SHA-224";
    case AuthAlgorithm::sha256:
      return "SHA-256";
    case AuthAlgorithm::sha384:
      return "SHA-384";
    case AuthAlgorithm::sha512:
      return "SHA-512";
  }
  return "";
}

std::string spelt_by_netsnmp(PrivAlgorithm priv) {
  switch (priv) {
    case PrivAlgorithm::none:
      return "";
    case PrivAlgorithm::des:
      return "DES";
    case PrivAlgorithm::aes128:
      return "AES";
    case PrivAlgorithm::aes192:
      return "AES-192";
    case PrivAlgorithm::aes256:
      return "AES-256";
    case PrivAlgorithm::aes192c:
      return "AES-192-C";
    case PrivAlgorithm::aes256c:
      return "AES-256-C";
  }
  return "";
}

std::string user_name(AuthAlgorithm auth, PrivAlgorithm priv) {
  return std::string(name(auth)) + '-' + std::string(name(priv));
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

// A user for each pair, and "plain" without any.
std::string users() {
  std::string conf;
  for (const AuthAlgorithm auth : kAuths) {
    for (const PrivAlgorithm priv : kPrivs) {
      const bool encrypts = priv != PrivAlgorithm::none;
      conf += "createUser " + user_name(auth, priv) + ' ' + spelt_by_netsnmp(auth) + ' ' +
              quoted(kAuthPassPhrase);
      if (encrypts) conf += ' ' + spelt_by_netsnmp(priv) + ' ' + quoted(kPrivPassPhrase);
      conf += "\nrouser " + user_name(auth, priv) + (encrypts ? " authPriv\n" : " authNoPriv\n");
    }
  }
  return conf + "createUser plain\nrouser plain noauth\n";
}

class Snmpd : public itnxt::test::Snmpd {
 public:
  // With storage of an engine ID, if any, and boots.
  explicit Snmpd(const std::string& engine_id = "", std::uint32_t boots = 0)
      : itnxt::test::Snmpd(users()) {
    if (!engine_id.empty()) store(engine_id, boots);
    start();
  }
};

Instant steady_now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

// One user's talk with the agent.
class Session {
 public:
  Session(const Snmpd& agent, std::shared_ptr<const User> user) : state(std::move(user)) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(agent.port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  }
  ~Session() { ::close(fd_); }

  // GET sysUpTime.0 until its verdict; absent: silence.
  std::optional<Verdict> ask(Duration patience = 2s) {
    Exchange exchange;
    datagrams = 0;
    while (true) {
      const std::int32_t id = ++message_id_;
      const ByteView sent =
          state.encode(exchange, id, test::get_uptime(id), steady_now(), salts_, send_room_);
      EXPECT_FALSE(sent.empty());
      ++datagrams;
      (void)::send(fd_, sent.data(), sent.size(), 0);
      const std::optional<Verdict> verdict = wait(exchange, steady_now() + patience);
      silence = state.silence(exchange);
      if (verdict && verdict->action == Action::wait &&
          state.unanswered(exchange, false, steady_now()) == Next::otherwise) {
        continue;  // nothing better comes: the agent is honest
      }
      if (!verdict || verdict->action != Action::send_again || datagrams > 4) return verdict;
    }
  }
  // The agent has just been started.
  std::optional<Verdict> ask_until_it_answers() {
    const Instant end = steady_now() + 20s;
    while (steady_now() < end) {
      if (auto verdict = ask(500ms)) return verdict;
    }
    return std::nullopt;
  }

  SecurityState state;
  Silence silence;  // when nothing came
  int datagrams = 0;

 private:
  std::optional<Verdict> wait(Exchange& exchange, Instant deadline) {
    while (true) {
      const Duration left = deadline - steady_now();
      pollfd waiting{fd_, POLLIN, 0};
      if (left <= 0s || ::poll(&waiting, 1, static_cast<int>(left / 1ms) + 1) <= 0) {
        return std::nullopt;
      }
      const ssize_t size = ::recv(fd_, receive_room_.data(), receive_room_.size(), 0);
      if (size <= 0) {  // refused: not listening yet, and asked again when nothing comes
        (void)::poll(&waiting, 1, 20);
        return std::nullopt;
      }
      const auto decoded = decode_v3(ByteView(receive_room_).first(static_cast<std::size_t>(size)));
      const auto* message = std::get_if<V3Message>(&decoded);
      if (message == nullptr) {
        ADD_FAILURE() << "snmpd's message is refused: " << name(std::get<V3Fault>(decoded));
        return std::nullopt;
      }
      const Verdict verdict = state.judge(exchange, *message, steady_now(), plain_room_);
      if (verdict.action != Action::ignore) return verdict;
    }
  }
  int fd_;
  std::int32_t message_id_ = 0x01020304;
  SaltCounter salts_{*random_salt_seed()};
  Bytes send_room_ = Bytes(2000);
  Bytes receive_room_ = Bytes(65'536);
  Bytes plain_room_ = Bytes(65'536);
};

void expect_uptime(const std::optional<Verdict>& verdict, const std::string& who) {
  ASSERT_TRUE(verdict) << who << ": silence";
  ASSERT_EQ(verdict->action, Action::accept) << who << ": " << name(verdict->reason);
  const auto varbind = verdict->pdu.begin().next();
  ASSERT_TRUE(varbind) << who;
  EXPECT_EQ(varbind->type, Type::time_ticks) << who;
  EXPECT_TRUE(varbind->number()) << who;
}

TEST(Snmpd, EveryPairOfAlgorithms) {
  const Snmpd agent;
  Session first(agent, test::make_user(AuthAlgorithm::none, PrivAlgorithm::none, "", "", "plain"));
  expect_uptime(first.ask_until_it_answers(), "plain");
  EXPECT_EQ(first.state.stage(), Stage::discovered);
  for (const AuthAlgorithm auth : kAuths) {
    for (const PrivAlgorithm priv : kPrivs) {
      const std::string who = user_name(auth, priv);
      Session session(agent, test::make_user(auth, priv, kAuthPassPhrase, kPrivPassPhrase, who));
      expect_uptime(session.ask(), who);
      EXPECT_EQ(session.datagrams, 3) << who;
      for (int i = 0; i < 3; ++i) {
        expect_uptime(session.ask(), who);
        EXPECT_EQ(session.datagrams, 1) << who;
      }
    }
  }
}

TEST(Snmpd, WrongCredentialsAreToldApart) {
  const Snmpd agent;
  const auto sha256 = AuthAlgorithm::sha256;
  const auto aes = PrivAlgorithm::aes128;
  Session good(agent, test::make_user(sha256, aes, kAuthPassPhrase, kPrivPassPhrase,
                                      user_name(sha256, aes)));
  expect_uptime(good.ask_until_it_answers(), "the right credentials");
  const auto reason = [&](AuthAlgorithm auth, PrivAlgorithm priv, std::string_view auth_phrase,
                          std::string_view user) {
    Session session(agent, test::make_user(auth, priv, auth_phrase, kPrivPassPhrase, user));
    const auto verdict = session.ask();
    EXPECT_TRUE(verdict && verdict->action == Action::wait);
    return verdict ? verdict->reason : Reason::none;
  };
  EXPECT_EQ(reason(sha256, aes, kAuthPassPhrase, "nobody"), Reason::unknown_user);
  EXPECT_EQ(reason(sha256, aes, "wrong pass phrase", "sha256-aes128"), Reason::wrong_digest);
  EXPECT_EQ(reason(AuthAlgorithm::sha1, aes, kAuthPassPhrase, "sha256-aes128"),
            Reason::wrong_digest);
  EXPECT_EQ(reason(sha256, aes, kAuthPassPhrase, "sha256-none"), Reason::unsupported_level);
}

TEST(Snmpd, AWrongPrivacyPassPhraseIsToldFromADeadDevice) {
  const Snmpd agent;
  for (const PrivAlgorithm priv : {PrivAlgorithm::des, PrivAlgorithm::aes128}) {
    const std::string who = user_name(AuthAlgorithm::sha256, priv);
    Session good(
        agent, test::make_user(AuthAlgorithm::sha256, priv, kAuthPassPhrase, kPrivPassPhrase, who));
    expect_uptime(good.ask_until_it_answers(), who);
    Session wrong(agent, test::make_user(AuthAlgorithm::sha256, priv, kAuthPassPhrase,
                                         "wrong pass phrase", who));
    // Debian's snmpd deciphers to nonsense, counts it and says nothing.
    EXPECT_FALSE(wrong.ask(300ms)) << who;
    EXPECT_EQ(wrong.silence.why,
              "credentials wrong: the device takes our signature but does not answer what is "
              "enciphered: check priv (now " +
                  std::string(name(priv)) + "), priv_password and context (now '')")
        << who;
  }
}

TEST(Snmpd, RestartsAreFollowed) {
  const std::string engine_id = "0x80001f8880112233445566778899";
  Snmpd agent(engine_id, 40);
  const std::string who = "sha512-aes256";
  Session session(agent, test::make_user(AuthAlgorithm::sha512, PrivAlgorithm::aes256,
                                         kAuthPassPhrase, kPrivPassPhrase, who));
  expect_uptime(session.ask_until_it_answers(), who);
  EXPECT_EQ(to_text(session.state.engine_id()), engine_id);
  for (int i = 0; i < 2; ++i) {  // boots + 1
    agent.stop();
    agent.start();
    const auto verdict = session.ask_until_it_answers();
    expect_uptime(verdict, who);
    EXPECT_FALSE(verdict->finding);
    EXPECT_LE(session.datagrams, 2);
  }
  agent.stop();
  agent.store(engine_id, 6);  // an old copy of its storage is put back
  agent.start();
  const auto verdict = session.ask_until_it_answers();
  expect_uptime(verdict, who);
  ASSERT_TRUE(verdict->finding);
  EXPECT_EQ(verdict->finding->kind, Finding::Kind::boots_backwards);
  EXPECT_EQ(verdict->finding->before, 43U);
  EXPECT_EQ(verdict->finding->after, 7U);
  expect_uptime(session.ask(), who);
  EXPECT_EQ(session.datagrams, 1);
}

TEST(Snmpd, ANewEngineIdIsFollowed) {
  Snmpd agent;  // which makes one up and keeps it in its storage
  const std::string who = "sha256-aes128";
  Session session(agent, test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128,
                                         kAuthPassPhrase, kPrivPassPhrase, who));
  expect_uptime(session.ask_until_it_answers(), who);
  const EngineId before = session.state.engine_id();
  agent.stop();
  agent.lose_storage();
  agent.start();
  const auto verdict = session.ask_until_it_answers();
  expect_uptime(verdict, who);
  ASSERT_TRUE(verdict->finding);
  EXPECT_EQ(verdict->finding->kind, Finding::Kind::engine_changed);
  EXPECT_EQ(verdict->finding->engine_before, before);
  EXPECT_NE(session.state.engine_id(), before);
}

TEST(Snmpd, TwoAgentsWithOneEngineIdAreBothRead) {
  Snmpd one("0x80001f8880112233445566778899", 41);
  Snmpd two("0x80001f8880112233445566778899", 5);
  const auto user = test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128, kAuthPassPhrase,
                                    kPrivPassPhrase, "sha256-aes128");
  Session first(one, user);
  Session second(two, user);
  expect_uptime(first.ask_until_it_answers(), "the first");
  expect_uptime(second.ask_until_it_answers(), "the second");
  EXPECT_EQ(first.state.engine_id(), second.state.engine_id());
  for (int i = 0; i < 3; ++i) {
    expect_uptime(first.ask(), "the first");
    EXPECT_EQ(first.datagrams, 1);
    expect_uptime(second.ask(), "the second");
    EXPECT_EQ(second.datagrams, 1);
  }
}

TEST(Snmpd, ALatchedAgentIsTold) {
  Snmpd agent("0x80001f8880112233445566778899", EngineClock::kLatched - 1);
  Session session(agent, test::make_user(AuthAlgorithm::sha256, PrivAlgorithm::none,
                                         kAuthPassPhrase, "", "sha256-none"));
  const auto verdict = session.ask_until_it_answers();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(name(verdict->action == Action::fail ? verdict->reason : Reason::none),
            name(Reason::engine_exhausted));
}

}  // namespace
}  // namespace itnxt::snmp::usm
