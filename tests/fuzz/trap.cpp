// Any datagram at the trap collector's port: decoding stays inside its bytes, and no stranger is
// believed.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "collectors/trap/notification.hpp"
#include "collectors/trap/report.hpp"
#include "collectors/trap/security.hpp"

namespace {

using namespace itnxt;

std::vector<SnmpTarget> inventory() {
  SnmpTarget target;
  target.device.name = DeviceName("core");
  target.device.credentials = "a";
  target.credentials.version = SnmpVersion::v3;
  target.credentials.user = "noc";
  target.credentials.auth = SnmpAuth::md5;
  target.credentials.auth_password.set("nobody can know this");
  return {target};
}

// What can be told of it is told within the bounds.
void tell(const trap::Notification& note) {
  const Event event = trap::event_of(note, DeviceName("core"), {}, {});
  if (event.details.size() > kMostEventDetails || event.text.size() > 2048) std::abort();
}

void take(snmp::ByteView bytes) {
  const auto decoded = trap::decode(bytes);
  if (const auto* note = std::get_if<trap::Notification>(&decoded)) tell(*note);
  const auto message = snmp::decode(bytes);
  if (const auto* inform = std::get_if<snmp::Message>(&message)) {
    std::vector<std::uint8_t> room(bytes.size() + 64);
    const auto answer = trap::acknowledge(*inform, true, room);
    const auto again = snmp::decode(answer);
    const auto* back = std::get_if<snmp::Message>(&again);
    if (back == nullptr || back->request_id != inform->request_id) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const snmp::ByteView bytes(data, size);
  take(bytes);
  static snmp::usm::SaltCounter salts(1);
  static trap::Security security = [] {
    trap::Security made(trap::OwnEngine({trap::random_engine_id(), 1}, Instant{}), salts);
    if (!made.set_users(inventory()).empty()) std::abort();
    return made;
  }();
  const auto v3 = snmp::usm::decode_v3(bytes);
  const auto* message = std::get_if<snmp::usm::V3Message>(&v3);
  if (message == nullptr) return 0;
  std::vector<std::uint8_t> plain(size);
  const auto verdict = security.judge(*message, Instant{}, plain);
  if (!verdict.reason && !verdict.discovery) std::abort();  // nobody knows the key
  if (security.engines() != 0) std::abort();
  if (verdict.report) {
    std::vector<std::uint8_t> room(1024);
    (void)security.encode_report(*message, verdict, Instant{}, room);
  }
  return 0;
}
