// Any SNMPv3 datagram: decoding, checking and deciphering must stay inside their bytes, and a
// session must take nothing that was not signed. The first octet chooses the user and whether the
// message is signed anew, so that what is behind the signature is reached too.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "collectors/snmp_protocol/usm/ber_writer.hpp"
#include "collectors/snmp_protocol/usm/engine.hpp"
#include "tests/support/snmp_access.hpp"

namespace {

using namespace itnxt;
using namespace itnxt::snmp;
using namespace itnxt::snmp::usm;

constexpr std::uint8_t kResign = 0x80;
const std::vector<std::uint8_t> kEngineBytes = {0x80, 0, 0x1F, 0x88, 0x80, 1, 2, 3, 4, 5, 6, 7};

struct Talk {
  Talk(AuthAlgorithm auth, PrivAlgorithm priv)
      : user(itnxt::test::v3_user(auth, priv)), keys(*localize(*user, engine)), state(user) {
    state.assume(engine);
    prove();
  }

  // A response of the engine on the user's level.
  std::vector<std::uint8_t> answer(std::int32_t id) {
    static constexpr std::array<std::uint8_t, 13> kPdu = {0xA2, 11, 2, 1, 1,    2, 1,
                                                          0,    2,  1, 0, 0x30, 0};
    Header header;
    header.message_id = id;
    header.level = user->level();
    header.engine_id = engine.bytes();
    header.boots = 3;
    header.time = 1000;
    header.user = user->name;
    std::vector<std::uint8_t> room(512);
    const ByteView out = usm::encode(header, {engine.bytes(), "", kPdu}, keys.get(), salts, room);
    return {out.begin(), out.end()};
  }
  void prove() {
    Exchange exchange;
    std::vector<std::uint8_t> room(512);
    (void)state.encode(exchange, 1, {}, now, salts, room);
    const std::vector<std::uint8_t> datagram = answer(1);
    const auto decoded = decode_v3(datagram);
    const Verdict verdict = state.judge(exchange, std::get<V3Message>(decoded), now, room);
    if (verdict.action != Action::accept || !state.proven()) std::abort();
  }

  EngineId engine{kEngineBytes};
  std::shared_ptr<const User> user;
  std::shared_ptr<LocalKeys> keys;
  SecurityState state;
  SaltCounter salts{1};
  Instant now{1000s};
};

std::array<Talk, 4>& talks() {
  static std::array<Talk, 4> all = {Talk(AuthAlgorithm::none, PrivAlgorithm::none),
                                    Talk(AuthAlgorithm::sha1, PrivAlgorithm::none),
                                    Talk(AuthAlgorithm::md5, PrivAlgorithm::des),
                                    Talk(AuthAlgorithm::sha256, PrivAlgorithm::aes128)};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Talk& talk = talks()[data[0] % talks().size()];
  std::vector<std::uint8_t> bytes(data + 1, data + size);
  const auto first = decode_v3(bytes);
  const auto* seen = std::get_if<V3Message>(&first);
  if (seen == nullptr) return 0;
  const bool can_sign =
      talk.keys->auth && seen->auth_parameters.size() == talk.keys->auth->tag_size();
  const bool genuine = can_sign && (data[0] & kResign) != 0;
  if (genuine && !talk.keys->auth->sign(bytes, seen->auth_at)) std::abort();

  const auto decoded = decode_v3(bytes);
  const auto* message = std::get_if<V3Message>(&decoded);
  if (message == nullptr) std::abort();
  std::vector<std::uint8_t> room(bytes.size());
  (void)open(*message, talk.keys.get(), room);

  SecurityState state = talk.state;
  Exchange exchange;
  exchange.message_id = message->header.message_id;
  const Verdict verdict = state.judge(exchange, *message, talk.now, room);
  (void)state.explain(verdict.reason);
  if (verdict.finding) (void)to_text(*verdict.finding);
  if (verdict.action != Action::accept) return 0;
  Varbinds varbinds = verdict.pdu.begin();
  while (varbinds.next()) {
  }
  const bool authenticates = talk.user->level() != SecurityLevel::no_auth_no_priv;
  if (message->header.level != talk.user->level()) std::abort();
  // The corpus holds answers that were signed with this key; a fuzzer cannot make one.
  if (authenticates &&
      !talk.keys->auth->verify(message->whole, message->auth_at, message->auth_parameters.size())) {
    std::abort();
  }
  return 0;
}
