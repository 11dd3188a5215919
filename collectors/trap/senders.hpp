// Who sends: from what a notification bears to the device of the inventory that it is from. Pure;
// the loop's thread.
//
// What counts, strongest first: the engine that signed (its keys are its own); snmpTrapAddress, as
// a relay or a device with several addresses has it, but only under the community of the very
// device that it names; the source address. Who knows that community can name the device: as with
// any forged trap, all it gains is a poll of it. Several devices may share an address: then each of
// them is meant.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "collectors/trap/notification.hpp"
#include "collectors/trap/reasons.hpp"
#include "daemon/config/config.hpp"
#include "daemon/io/address.hpp"

namespace itnxt::trap {

class Senders {
 public:
  static constexpr std::size_t kMostAtOne = 8;  // of an address; more are not told apart

  // Replaces those before; addresses of names that are still there stay.
  void set(const std::vector<SnmpTarget>& targets);
  // The names to resolve, by device.
  [[nodiscard]] std::vector<std::pair<std::size_t, std::string>> names() const;
  void resolved(std::size_t device, const Address& address);

  [[nodiscard]] std::size_t size() const { return devices_.size(); }
  [[nodiscard]] const DeviceName& name(std::size_t device) const { return devices_[device].name; }
  [[nodiscard]] std::optional<std::size_t> find(const DeviceName& name) const;

  using Found = std::vector<std::size_t>;  // at least one
  // Of version 1 or 2c. Reasons: wrong_community, unknown_sender, insecure.
  [[nodiscard]] std::variant<Found, Reason> of_community(const Notification& note,
                                                         const Address& from) const;
  // Of version 3, where no engine says who it is; empty: nobody knows.
  [[nodiscard]] Found of_address(const Notification& note, const Address& from) const;

 private:
  struct Known {
    DeviceName name;
    std::string host;
    bool named = false;
    bool version3 = false;
    std::string community;
    std::optional<std::array<std::uint8_t, 16>> ip;
  };
  [[nodiscard]] Found at(const std::array<std::uint8_t, 16>& ip) const;
  void index();
  std::vector<Known> devices_;
  std::unordered_map<Address, Found, AddressHash> by_ip_;  // with port 0
  std::unordered_map<DeviceName, std::size_t> by_name_;
  std::unordered_set<std::string> communities_;
};

}  // namespace itnxt::trap
