#include "collectors/trap/ignored.hpp"

#include <algorithm>
#include <iterator>

#include "collectors/trap/hex.hpp"

namespace itnxt::trap {

std::string_view advice_on(Reason reason) {
  switch (reason) {
    case Reason::malformed:
      return "they are no SNMP notification: look at what sends them";
    case Reason::not_a_trap:
      return "requests or answers, which nobody takes here: look at what asks this port";
    case Reason::wrong_community:
      return "their community is none of the inventory's devices': correct it on the device, or in "
             "'credentials'";
    case Reason::unknown_sender:
      return "no device of the inventory has that address: add it, or correct its 'address'; a "
             "device may also name itself by snmpTrapAddress";
    case Reason::insecure:
      return "unsigned, from a device whose credentials are of version 3: let it send by version "
             "3, "
             "or look for a forger";
    case Reason::unknown_user:
      return "their user is none of the inventory's devices': correct it on the device, or in "
             "'credentials'";
    case Reason::unauthenticated:
      return "below the level of their user: let the device send signed ones, or look for a forger";
    case Reason::wrong_digest:
      return "their signature is not the user's: correct auth or auth_password on the device or in "
             "'credentials', or look for a forger";
    case Reason::decryption_error:
      return "signed by the user, but not to be deciphered: correct priv or priv_password on the "
             "device or in 'credentials'";
    case Reason::outside_window:
      return "signed long ago, or by a clock that went back: a replay, or a device that counts its "
             "boots anew; it is polled all the same, restart this collector to believe it again";
    case Reason::unknown_engine:
      return "informs to another engine than this collector, which was told its own: look at the "
             "sender if they go on";
  }
  return "";
}

void Ignored::add(Reason reason, snmp::ByteView bytes, const Address& from, Instant now,
                  WallTime wall, std::string_view user) {
  Count& of_reason = count(reason);
  ++of_reason.datagrams;
  of_reason.last_from = from;
  of_reason.last_user = user.substr(0, kMostUser);
  if (of_reason.kept == 0 || now - of_reason.second >= 1s) {
    of_reason.second = now;
    of_reason.kept = 0;
  }
  if (of_reason.kept == kKeptOfReason) return;
  ++of_reason.kept;
  ++changes_;
  if (kept_.size() == kKept) kept_.pop_front();
  const snmp::ByteView first = bytes.first(std::min(bytes.size(), kKeptBytes));
  kept_.push_back({wall, from, reason, bytes.size(), {first.begin(), first.end()}});
}

std::string to_text(const std::deque<Ignored::Datagram>& kept) {
  std::string text;
  for (const Ignored::Datagram& one : kept) {
    text += to_rfc3339(one.wall) + ' ' + std::string(name(one.reason)) + ' ' + to_text(one.from) +
            ' ' + std::to_string(one.size) + ' ' + to_hex(one.bytes) + '\n';
  }
  return text;
}

}  // namespace itnxt::trap
