// Where the collectors of one process reach each other without knowing each other: who hears that
// something has happened asks that the device be looked at, and who polls it looks. One for each
// process; on the loop's thread; outlives the collectors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

// What to look at. All of the device in any case; …
struct PollReason {
  std::uint32_t if_index = 0;             // … this interface before anything else; 0: none
  std::optional<bool> up = std::nullopt;  // what was said of it
  bool tables = false;                    // … and whatever else is read of it, due or not
};

// Who polls devices.
class DevicePoller {
 public:
  virtual ~DevicePoller() = default;
  // Begins to poll the device before it returns, or as soon as a poll under way is over. False: the
  // device is none of its own.
  virtual bool poll_now(const DeviceName& device, const PollReason& reason) = 0;
  // Whether the device was seen, when it was looked at last, to have that interface up, or down: to
  // hear it once more is no reason to look.
  [[nodiscard]] virtual bool knows(const DeviceName& device, std::uint32_t if_index,
                                   bool up) const = 0;
  // The one device that has proven to be this SNMP engine; absent: none, or several.
  [[nodiscard]] virtual std::optional<DeviceName> device_of(
      std::span<const std::uint8_t> engine) const = 0;
};

// Who asks for polls.
class PollListener {
 public:
  virtual ~PollListener() = default;
  // What a device says of an interface that was asked for. No poll is asked for from within.
  virtual void seen(const DeviceName& device, const InterfaceStatus& now) = 0;
  // A poll has found that an interface is up no longer. As seen().
  virtual void lost(const DeviceName& device, const InterfaceStatus& now) = 0;
  // A poll that was asked for has found that something had changed: who asked was right.
  virtual void confirmed(const DeviceName& device) = 0;
  // A device says of an interface another thing than PollReason::up did. It may not know better
  // yet: some agents answer from a copy that is seconds old.
  virtual void contradicted(const DeviceName& device, std::uint32_t if_index) = 0;
};

class PollRequests {
 public:
  // Until the Registration goes, which the poller or listener outlives.
  [[nodiscard]] Registration serve(DevicePoller& poller) { return add(pollers_, poller); }
  [[nodiscard]] Registration watch(PollListener& listener) { return add(listeners_, listener); }

  // False: nobody here polls the device.
  bool poll_now(const DeviceName& device, const PollReason& reason) {
    for (DevicePoller* const poller : *pollers_) {
      if (poller->poll_now(device, reason)) return true;
    }
    return false;
  }
  [[nodiscard]] bool knows(const DeviceName& device, std::uint32_t if_index, bool up) const {
    return std::ranges::any_of(
        *pollers_, [&](const DevicePoller* poller) { return poller->knows(device, if_index, up); });
  }
  [[nodiscard]] std::optional<DeviceName> device_of(std::span<const std::uint8_t> engine) const {
    for (const DevicePoller* const poller : *pollers_) {
      if (auto device = poller->device_of(engine)) return device;
    }
    return std::nullopt;
  }
  void seen(const DeviceName& device, const InterfaceStatus& now) const {
    for (PollListener* const listener : *listeners_) listener->seen(device, now);
  }
  void lost(const DeviceName& device, const InterfaceStatus& now) const {
    for (PollListener* const listener : *listeners_) listener->lost(device, now);
  }
  void confirmed(const DeviceName& device) const {
    for (PollListener* const listener : *listeners_) listener->confirmed(device);
  }
  void contradicted(const DeviceName& device, std::uint32_t if_index) const {
    for (PollListener* const listener : *listeners_) listener->contradicted(device, if_index);
  }

 private:
  template <class T>
  using List = std::shared_ptr<std::vector<T*>>;
  template <class T>
  struct Place final : Registration::State {
    Place(List<T> all, T& one) : list(std::move(all)), mine(&one) {}
    ~Place() override { std::erase(*list, mine); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    List<T> list;
    T* mine;
  };
  template <class T>
  static Registration add(const List<T>& list, T& one) {
    list->push_back(&one);
    return Registration(std::make_unique<Place<T>>(list, one));
  }
  List<DevicePoller> pollers_ = std::make_shared<std::vector<DevicePoller*>>();
  List<PollListener> listeners_ = std::make_shared<std::vector<PollListener*>>();
};

}  // namespace itnxt
