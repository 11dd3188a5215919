// Decoding of what rtnetlink says about links: pure, bounded by the bytes it is given, no heap.
//
// Sources: netlink(7), rtnetlink(7); linux/netlink.h, linux/rtnetlink.h, linux/if_link.h. All
// numbers are in the host's order, all lengths are checked before use. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "daemon/core/phys_address.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::host {

// One netlink message of a datagram.
struct Message {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::span<const std::uint8_t> payload;
};

// The messages of one datagram, one after the other.
class Datagram {
 public:
  explicit Datagram(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  // Nothing: at the end, or at a header whose length cannot be (then malformed() is true).
  std::optional<Message> next();
  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  std::span<const std::uint8_t> rest_;
  bool malformed_ = false;
};

// What one message says of one link. A notification may lack most of it (wireless events do): what
// is absent is as it was. The views point into the message.
struct LinkMessage {
  bool gone = false;  // RTM_DELLINK: removed, or moved to another namespace
  std::uint32_t if_index = 0;
  std::uint16_t hardware = 0;  // ARPHRD_*
  std::uint32_t flags = 0;     // IFF_*
  std::optional<std::string_view> name;
  std::optional<std::string_view> alias;  // empty: the message tells all and there is none
  std::optional<PhysAddress> address;
  std::optional<std::uint8_t> operational;  // IF_OPER_*
  std::optional<CounterSet> counters;
};

enum class NoLink : std::uint8_t {
  other,      // of another type or family: a bridge tells of its ports by RTM_DELLINK, too
  malformed,  // shorter than it says, or than it has to be
};
std::variant<LinkMessage, NoLink> read_link(const Message& message);

// The error of an NLMSG_ERROR or NLMSG_DONE: a positive errno, 0 for none. Nothing: too short.
std::optional<int> read_error(const Message& message);

// RFC 2863 §3.1.13, §3.1.14. An operational state that neither driver nor user space ever sets
// (lo, tunnels) counts as up while the kernel would send (IFF_RUNNING), as the kernel's
// operstates.rst asks. A link without carrier is not up, also before the kernel has worked through
// the loss.
AdminStatus admin_status(std::uint32_t flags);
OperStatus oper_status(std::uint32_t flags, std::uint8_t operational);

}  // namespace itnxt::host
