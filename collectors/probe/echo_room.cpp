#include "collectors/probe/echo_room.hpp"

#include <sys/random.h>

#include <utility>

namespace itnxt::probe {
namespace {

constexpr std::size_t kSequences = 65'536;

}  // namespace

EchoRoom::EchoRoom(Loop& loop, Log& log, Privileged& privileged, const CollectorName& probe,
                   Done done)
    : loop_(loop),
      log_(log),
      privileged_(privileged),
      probe_(probe.text()),
      done_(std::move(done)) {
  (void)!::getrandom(token_.data(), token_.size(), 0);
}

bool EchoRoom::open(bool v6) {
  Family& family = families_[v6 ? 1 : 0];
  if (family.socket) return true;
  EchoSocket::Events events;
  events.answered = [this, &family](const Echo& echo, const Address& from, Instant at) {
    answered(family, echo, from, at);
  };
  events.failed = [this, &family](const EchoFailed& one) { failed(family, one); };
  events.refused = [this, &family](std::size_t request, Outcome why) {
    done_(family.errands[request], why, loop_.fresh_now());
  };
  auto opened = EchoSocket::open(loop_, privileged_, v6, std::move(events));
  if (!opened) {
    if (family.problem != opened.error()) {
      family.problem = opened.error();
      log_.error(family.problem, {{"probe", probe_}});
    }
    return false;
  }
  if (!std::exchange(family.problem, {}).empty()) {
    log_.notice("ICMP echoes can be sent again", {{"probe", probe_}});
  }
  family.socket = std::move(opened).value();
  family.slots.resize(kSequences);
  return true;
}

void EchoRoom::send(std::span<const Request> requests) {
  for (const Request& request : requests) {
    const bool v6 = !request.to.is_v4();
    Family& family = families_[v6 ? 1 : 0];
    if (!open(v6)) {
      done_(request.errand, Outcome::local, loop_.fresh_now());
      continue;
    }
    const std::uint16_t sequence = family.next++;
    family.slots[sequence] = {request.errand, request.to};
    family.batch.push_back({request.to, sequence, token_, request.dscp});
    family.errands.push_back(request.errand);
  }
  flush(false);
  flush(true);
}

void EchoRoom::flush(bool v6) {
  Family& family = families_[v6 ? 1 : 0];
  if (family.batch.empty()) return;
  family.socket->send(family.batch);
  family.batch.clear();
  family.errands.clear();
}

void EchoRoom::answered(Family& family, const Echo& echo, const Address& from, Instant at) {
  const Slot& slot = family.slots[echo.sequence];
  if (echo.token != token_ || slot.to.ip != from.ip) return;
  done_(slot.errand, Outcome::answered, at);
}

void EchoRoom::failed(Family& family, const EchoFailed& failed) {
  const Slot& slot = family.slots[failed.sequence];
  if (slot.to.ip != failed.to.ip) return;
  done_(slot.errand, failed.why, loop_.fresh_now());
}

}  // namespace itnxt::probe
