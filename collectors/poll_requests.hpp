// Where the collectors of one process reach each other without knowing each other: who hears that
// something has happened asks that the device be looked at, and who polls it looks. One for each
// process; on the loop's thread; outlives the collectors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/core/ids.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

// What to look at. All of the device in any case; …
struct PollReason {
  std::uint32_t if_index = 0;  // … this interface before anything else; 0: none
  bool tables = false;         // … and whatever else is read of it, due or not
};

// Who polls devices.
class DevicePoller {
 public:
  virtual ~DevicePoller() = default;
  // Begins to poll the device before it returns, or as soon as a poll under way is over. False: the
  // device is none of its own.
  virtual bool poll_now(const DeviceName& device, const PollReason& reason) = 0;
  // The one device that has proven to be this SNMP engine; absent: none, or several.
  [[nodiscard]] virtual std::optional<DeviceName> device_of(
      std::span<const std::uint8_t> engine) const = 0;
};

class PollRequests {
 public:
  // A poll has found that an interface is up no longer.
  using Lost = std::function<void(const DeviceName& device, std::uint32_t if_index)>;

  // Until the Registration goes. `poller` outlives it.
  [[nodiscard]] Registration serve(DevicePoller& poller) { return add(pollers_, &poller); }
  [[nodiscard]] Registration watch_losses(Lost lost) { return add(watchers_, std::move(lost)); }

  // False: nobody here polls the device.
  bool poll_now(const DeviceName& device, const PollReason& reason) {
    for (const auto& poller : *pollers_) {
      if ((*poller)->poll_now(device, reason)) return true;
    }
    return false;
  }
  [[nodiscard]] std::optional<DeviceName> device_of(std::span<const std::uint8_t> engine) const {
    for (const auto& poller : *pollers_) {
      if (auto device = (*poller)->device_of(engine)) return device;
    }
    return std::nullopt;
  }
  void lost(const DeviceName& device, std::uint32_t if_index) const {
    for (const auto& watcher : *watchers_) (*watcher)(device, if_index);
  }

 private:
  template <class T>
  using List = std::shared_ptr<std::vector<std::shared_ptr<T>>>;
  template <class T>
  struct Place final : Registration::State {
    Place(List<T> all, std::shared_ptr<T> one) : list(std::move(all)), mine(std::move(one)) {}
    ~Place() override { std::erase(*list, mine); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    List<T> list;
    std::shared_ptr<T> mine;
  };
  template <class T, class Value>
  static Registration add(const List<T>& list, Value value) {
    list->push_back(std::make_shared<T>(std::move(value)));
    return Registration(std::make_unique<Place<T>>(list, list->back()));
  }
  List<DevicePoller*> pollers_ = std::make_shared<List<DevicePoller*>::element_type>();
  List<Lost> watchers_ = std::make_shared<List<Lost>::element_type>();
};

}  // namespace itnxt
