// The survey on a real socket.
#include <future>
#include <memory>
#include <system_error>
#include <thread>

#include "collectors/snmp/survey/survey.hpp"
#include "collectors/snmp/survey/talk.hpp"
#include "daemon/io/resolver.hpp"

namespace itnxt::snmp::survey {

Result<Surveyed> survey_by_udp(const Questions& questions) {
  Result<UdpWire> wire = UdpWire::open(questions.device, questions.budget);
  if (!wire) return Error{wire.error()};
  Surveyed surveyed{survey(*wire, questions), {}};
  if (!surveyed.facts.used && !surveyed.facts.engine) {
    // Any byte will do: what is asked is whether the host has such a port.
    const std::array<std::uint8_t, 2> nothing = {0x30, 0x00};
    surveyed.unreachable = why_unreachable(questions.device, nothing);
  }
  return surveyed;
}

Result<Address> find_address(const std::string& host, std::uint16_t port, Duration limit) {
  if (const std::optional<Address> address = numeric_address(host, port)) return *address;
  const auto found = std::make_shared<std::promise<Result<Address>>>();
  std::future<Result<Address>> answer = found->get_future();
  try {
    // On a thread, which ends with the process: a name server may be silent for half a minute.
    std::thread([found, host, port] { found->set_value(system_lookup(host, port)); }).detach();
  } catch (const std::system_error& e) {
    return Error{e.what()};
  }
  if (answer.wait_for(limit) != std::future_status::ready) {
    return Error{"the name was not resolved within " + itnxt::to_text(limit) +
                 ": is the name server reachable?"};
  }
  return answer.get();
}

}  // namespace itnxt::snmp::survey
