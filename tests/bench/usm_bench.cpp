// What SNMPv3 costs: CPU of one exchange (a request encoded, a reply of about 1,400 bytes decoded)
// on every level, against the same PDUs in v2c. Both in one process, in turn. Then keys.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <vector>

#include "collectors/snmp/request.hpp"
#include "collectors/snmp_protocol/usm/ber_writer.hpp"
#include "collectors/snmp_protocol/usm/engine.hpp"
#include "tests/support/snmp_access.hpp"

namespace {

using namespace itnxt;
using namespace itnxt::snmp;
using namespace itnxt::snmp::usm;
using Octets = std::vector<std::uint8_t>;

// Nanoseconds of CPU a call: the best of five stretches.
template <class Step>
double cost(int rounds, Step step) {
  double best = 1e18;
  for (int stretch = 0; stretch < 5; ++stretch) {
    const std::clock_t start = std::clock();
    for (int i = 0; i < rounds; ++i) step(i);
    const double ns = 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / rounds;
    best = std::min(best, ns);
  }
  return best;
}

// Counter64 after Counter64, until `size` is reached; behind them the PDU, or the v2c message.
Octets reply(std::size_t size, bool community) {
  static constexpr std::array<std::uint8_t, 11> kInOctets = {0x2B, 6, 1, 2, 1, 31, 1, 1, 1, 6, 1};
  static constexpr std::array<std::uint8_t, 8> kValue = {0, 0, 1, 2, 3, 4, 5, 6};
  static constexpr std::array<std::uint8_t, 6> kPublic = {'p', 'u', 'b', 'l', 'i', 'c'};
  Octets room(4096);
  BerWriter writer(room);
  while (room.size() - writer.at() + 40 < size) {
    const std::size_t end = writer.at();
    writer.element(0x46, kValue);
    writer.element(0x06, kInOctets);
    writer.wrap(0x30, end);
  }
  writer.wrap(0x30, room.size());
  writer.number(0);
  writer.number(0);
  writer.number(77);
  writer.wrap(0xA2, room.size());
  if (community) {
    writer.element(0x04, kPublic);
    writer.number(1);
    writer.wrap(0x30, room.size());
  }
  const ByteView out = ByteView(room).subspan(writer.at());
  return {out.begin(), out.end()};
}

Request request() {
  Request made;
  made.type = RequestType::get_bulk;
  made.max_repetitions = 3;
  made.add(kUptimeObject);
  for (const MibColumn& column : kMibColumns) made.add(column.oid);
  return made;
}

std::uint64_t sum(const Message& message) {
  std::uint64_t total = 0;
  Varbinds varbinds = message.begin();
  while (const auto varbind = varbinds.next()) total += varbind->number().value_or(0);
  return total;
}

struct V3 {
  V3(AuthAlgorithm auth, PrivAlgorithm priv)
      : user(itnxt::test::v3_user(auth, priv)), keys(*localize(*user, engine)), state(user) {
    state.assume(engine);
    Header header;
    header.message_id = 77;
    header.level = user->level();
    header.engine_id = engine.bytes();
    header.boots = 3;
    header.time = 1000;
    header.user = user->name;
    const Octets pdu = reply(1290, false);
    Octets room(2000);
    const ByteView out = encode(header, {engine.bytes(), "", pdu}, keys.get(), salts, room);
    answer.assign(out.begin(), out.end());
  }
  EngineId engine{Octets{0x80, 0, 0x1F, 0x88, 0x80, 1, 2, 3, 4, 5, 6, 7}};
  std::shared_ptr<const User> user;
  std::shared_ptr<LocalKeys> keys;
  SecurityState state;
  SaltCounter salts{1};
  Octets answer;
};

double run_v3(AuthAlgorithm auth, PrivAlgorithm priv, const Request& asked, double v2c) {
  V3 v3(auth, priv);
  Octets room(2000);
  Octets sent(2000);
  Octets plain(2000);
  std::uint64_t total = 0;
  const Instant now{1000s};
  Exchange exchange;
  const double out = cost(20'000, [&](int) {
    const ByteView pdu = encode_pdu(asked, 77, room);
    total += v3.state.encode(exchange, 77, pdu, now, v3.salts, sent).size();
  });
  const double in = cost(20'000, [&](int) {
    const auto decoded = decode_v3(v3.answer);
    const Verdict verdict = v3.state.judge(exchange, std::get<V3Message>(decoded), now, plain);
    if (verdict.action == Action::accept) total += sum(verdict.pdu);
  });
  std::printf("v3 %-6s %-7s  encode %5.0f ns, decode %4zu bytes %6.0f ns, together %.2f of v2c%s\n",
              std::string(name(auth)).c_str(), std::string(name(priv)).c_str(), out,
              v3.answer.size(), in, (out + in) / v2c, total == 0 ? " (nothing read)" : "");
  return out + in;
}

}  // namespace

int main() {
  const Request asked = request();
  Octets sent(2000);
  const Octets answer = reply(1400, true);
  std::uint64_t total = 0;
  const double out = cost(
      20'000, [&](int i) { total += encode(asked, Version::v2c, "public", i + 1, sent).size(); });
  const double in = cost(20'000, [&](int) {
    const auto decoded = decode(answer);
    total += sum(std::get<Message>(decoded));
  });
  std::printf("v2c               encode %5.0f ns, decode %4zu bytes %6.0f ns%s\n", out,
              answer.size(), in, total == 0 ? " (nothing read)" : "");

  const double v2c = out + in;
  run_v3(AuthAlgorithm::none, PrivAlgorithm::none, asked, v2c);
  run_v3(AuthAlgorithm::md5, PrivAlgorithm::des, asked, v2c);
  run_v3(AuthAlgorithm::sha1, PrivAlgorithm::aes128, asked, v2c);
  run_v3(AuthAlgorithm::sha256, PrivAlgorithm::none, asked, v2c);
  run_v3(AuthAlgorithm::sha256, PrivAlgorithm::aes128, asked, v2c);
  run_v3(AuthAlgorithm::sha256, PrivAlgorithm::aes256, asked, v2c);
  run_v3(AuthAlgorithm::sha512, PrivAlgorithm::aes256, asked, v2c);

  const auto user = itnxt::test::v3_user();
  const double pass = cost(
      5, [](int) { (void)pass_phrase_key(AuthAlgorithm::sha256, itnxt::test::kAuthPassPhrase); });
  const double local = cost(2000, [&](int i) {
    Octets id{0x80, 0, 0x1F, 0x88, 0x80, 1, 2, static_cast<std::uint8_t>(i)};
    (void)localize(*user, EngineId(id));
  });
  std::printf("keys of a pass phrase %.2f ms (once), of a device %.1f us\n", pass / 1e6,
              local / 1e3);
}
