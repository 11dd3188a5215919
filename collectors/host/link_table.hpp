// The links of this node as rtnetlink tells of them, and what a message changed. Pure; bounded by
// kMost links. Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/host/link_message.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::host {

// What the Ethernet driver says of a link; each absent where it does not.
struct LineSpeed {
  std::optional<BytesPerSecond> speed;
  std::optional<bool> full_duplex;
  bool operator==(const LineSpeed&) const = default;
};

struct HostLink {
  std::string kernel_name;  // as the kernel knows it: any bytes
  std::string name;         // the same, sanitised
  std::string alias;        // sanitised
  PhysAddress address;
  std::uint16_t hardware = 0;    // ARPHRD_*
  std::uint32_t flags = 0;       // IFF_*
  std::uint8_t operational = 0;  // IF_OPER_*
  AdminStatus admin = AdminStatus::unknown;
  OperStatus oper = OperStatus::unknown;
  CounterSet counters;
  LineSpeed line;
  bool told = true;         // false: changed since forget_changes()
  std::uint64_t round = 0;  // the dump that told of it last
};

struct LinkChange {
  enum class Kind : std::uint8_t { up, down, gone } kind = Kind::down;
  std::uint32_t if_index = 0;
  std::string name;
  AdminStatus admin = AdminStatus::unknown;
  OperStatus oper = OperStatus::unknown;
};
std::string_view kind_of(const LinkChange& change);  // of the event: "interface_up", …
std::string describe(const LinkChange& change);      // "eth0 is down: switched off"

class LinkTable {
 public:
  static constexpr std::size_t kMost = 65'536;

  // Takes a message over. A link that went up, down or away is a change, as is one that appears and
  // is up; before the first whole dump nothing is, for nothing is known to compare with.
  std::optional<LinkChange> take(const LinkMessage& message);

  // Around the messages of a dump. What a whole one lacks has gone: as if RTM_DELLINK had come.
  void begin_dump() { ++round_; }
  std::vector<LinkChange> end_dump(bool whole);

  [[nodiscard]] const std::map<std::uint32_t, HostLink>& links() const { return links_; }
  [[nodiscard]] std::map<std::uint32_t, HostLink>& links() { return links_; }
  // The one of that name that lives.
  [[nodiscard]] std::optional<LinkChange> status_of(std::string_view name) const;
  // All, as up or down.
  [[nodiscard]] std::vector<LinkChange> states() const;
  // Links that are new or differ in more than their counters since forget_changes().
  [[nodiscard]] bool any_changed() const { return changed_; }
  void forget_changes();
  // Messages that were not taken: a link beyond kMost, or a new one without a name.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  LinkChange remove(std::map<std::uint32_t, HostLink>::iterator at);

  std::map<std::uint32_t, HostLink> links_;  // by ifIndex
  std::uint64_t round_ = 0;
  bool primed_ = false;
  bool changed_ = false;
  std::uint64_t refused_ = 0;
};

// A row of the sample, taken at `at`.
InterfaceSample row_of(std::uint32_t if_index, const HostLink& link, SourceTime at,
                       TimeTicks uptime);

}  // namespace itnxt::host
