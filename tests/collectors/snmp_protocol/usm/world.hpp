// A manager, its device and the wire between them, over injected time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "collectors/snmp_protocol/usm/engine.hpp"
#include "tests/collectors/snmp_protocol/usm/agent.hpp"

namespace itnxt::snmp::usm::test {

inline constexpr auto kPlain = SecurityLevel::no_auth_no_priv;
inline constexpr auto kAuth = SecurityLevel::auth_no_priv;
inline const EngineId kEngine = engine_id("80001f888059dc486145a26322");
inline const EngineId kOther = engine_id("80001f8880aaaaaaaaaaaaaaaa");

// A manager and the wire to its device.
class Session {
 public:
  explicit Session(std::shared_ptr<const User> user) : state(std::move(user)) {}

  Bytes send(Exchange& exchange) {
    const std::int32_t id = ++message_id;
    return copy(state.encode(exchange, id, get_uptime(id), now, salts, send_room));
  }
  Verdict take(Exchange& exchange, const Bytes& datagram) {
    received = datagram;
    const auto decoded = decode_v3(received);
    EXPECT_TRUE(std::holds_alternative<V3Message>(decoded));
    room.assign(received.size(), 0);
    return state.judge(exchange, std::get<V3Message>(decoded), now, room);
  }
  // One request until its verdict, with one try and what is worth another; what `answer` makes of a
  // datagram comes back, nothing being silence. What that means is in `silence`.
  Verdict ask(const std::function<Bytes(ByteView)>& answer) {
    Exchange exchange;
    datagrams = 0;
    silence = {};
    while (true) {
      const Bytes sent = send(exchange);
      ++datagrams;
      EXPECT_LE(datagrams, 4);
      const Bytes reply = answer(sent);
      const Verdict verdict = reply.empty() ? Verdict{} : take(exchange, reply);
      if (verdict.finding) findings.push_back(to_text(*verdict.finding));
      bool again = verdict.action == Action::send_again;
      if (verdict.action == Action::wait || verdict.action == Action::ignore) {
        again = state.unanswered(exchange, false, now) == Next::otherwise;
        silence = state.silence(exchange);
      }
      if (!again || datagrams > 4) return verdict;
    }
  }
  Verdict ask(Agent& agent) {
    return ask([&](ByteView datagram) { return agent.answer(datagram, now); });
  }

  SecurityState state;
  Instant now{1000s};
  SaltCounter salts{42};
  std::int32_t message_id = 0x1000;
  int datagrams = 0;
  Silence silence;
  std::vector<std::string> findings;
  Bytes send_room = Bytes(2000);
  Bytes received;
  Bytes room;
};

struct World : ::testing::Test {
  std::shared_ptr<const User> user = make_user(AuthAlgorithm::sha256, PrivAlgorithm::aes128);
  Session session{user};
  Agent agent{kEngine, user, 7, 10'000, session.now};
  void expect_accepted(const Verdict& verdict) {
    EXPECT_EQ(verdict.action, Action::accept) << name(verdict.reason);
    const auto varbind = verdict.pdu.begin().next();
    EXPECT_EQ(varbind ? varbind->number() : std::nullopt, 12'345U);
  }
  void make_proven() {
    expect_accepted(session.ask(agent));
    ASSERT_TRUE(session.state.proven());
  }
};

}  // namespace itnxt::snmp::usm::test
