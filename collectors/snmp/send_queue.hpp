// Who may send next: one queue for all devices, first come first served, and a bound on what is
// under way. Pure.
//
// A device has at most one request in it or under way: a walk has one cursor, where the next
// request begins is in the answer to the one before, and the walks of one device follow each other.
// So the cap of two in flight for each device (RFC 6298's caution for old CPUs, T23) holds by
// itself.
//
// All together: 4,096 under way. Their answers, of at most an MTU, are some 9 MiB in the kernel,
// which the receive buffer of udp.hpp takes. What goes to a device that
// seems silent, in its last poll or to the try before, has half of it, so that a network that is
// down never keeps those that answer waiting; both take turns. What is asked out of turn goes
// before both, also where they have used up the whole bound: at most `urgent` of it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace itnxt::snmp {

class SendQueue {
 public:
  enum class Lane : std::uint8_t { answering, silent, urgent };
  struct Bounds {
    std::uint32_t all = 4096;
    std::uint32_t silent = 2048;
    std::uint32_t urgent = 256;  // beside `all`
  };

  explicit SendQueue(std::size_t devices) : SendQueue(devices, Bounds()) {}
  SendQueue(std::size_t devices, Bounds bounds) : bounds_(bounds), places_(devices) {}
  void resize(std::size_t devices) { places_.resize(devices); }

  // `device` has something to send. What it had under way is over.
  void ask(std::uint32_t device, Lane lane) {
    finish(device);
    places_[device] = {++tickets_, lane, State::waiting};
    queue(lane).push_back({device, tickets_});
    ++waiting_;
    drop_shadows();
  }
  // Answered, given up, or its try is over.
  void finish(std::uint32_t device) {
    Place& place = places_[device];
    if (place.state == State::under_way) --under_way(place.lane);
    if (place.state == State::waiting) --waiting_;
    place.state = State::idle;
  }
  // Takes the next out, which is under way from now on. Absent: nobody waits, or nobody may.
  [[nodiscard]] std::optional<std::uint32_t> next() {
    const Lane first = turn_ == Lane::answering ? Lane::silent : Lane::answering;
    for (const Lane lane : {Lane::urgent, first, turn_}) {
      if (!may(lane)) continue;
      while (!queue(lane).empty()) {
        const Entry entry = queue(lane).front();
        queue(lane).pop_front();
        Place& place = places_[entry.device];
        if (place.state != State::waiting || place.ticket != entry.ticket) continue;
        place.state = State::under_way;
        --waiting_;
        ++under_way(lane);
        if (lane != Lane::urgent) turn_ = lane;
        return entry.device;
      }
    }
    return std::nullopt;
  }
  // It could not be sent: first again. Of several, the last one taken comes first.
  void give_back(std::uint32_t device) {
    Place& place = places_[device];
    finish(device);
    place.state = State::waiting;
    ++waiting_;
    queue(place.lane).push_front({device, place.ticket});
  }

  [[nodiscard]] bool is_waiting(std::uint32_t device) const {
    return places_[device].state == State::waiting;
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::uint32_t in_flight() const {
    return under_way_[0] + under_way_[1] + under_way_[2];
  }

 private:
  enum class State : std::uint8_t { idle, waiting, under_way };
  struct Place {
    std::uint64_t ticket = 0;
    Lane lane = Lane::answering;
    State state = State::idle;
  };
  struct Entry {
    std::uint32_t device;
    std::uint64_t ticket;  // not the device's own any more: a shadow, it has asked anew since
  };
  [[nodiscard]] bool may(Lane lane) {
    if (lane == Lane::urgent) return under_way(lane) < bounds_.urgent;
    if (lane == Lane::silent && under_way(lane) >= bounds_.silent) return false;
    return under_way(Lane::answering) + under_way(Lane::silent) < bounds_.all;
  }
  std::deque<Entry>& queue(Lane lane) { return queues_[static_cast<std::size_t>(lane)]; }
  std::uint32_t& under_way(Lane lane) { return under_way_[static_cast<std::size_t>(lane)]; }
  void drop_shadows() {
    const std::size_t entries = queues_[0].size() + queues_[1].size() + queues_[2].size();
    if (entries <= 2 * places_.size() + 64) return;
    for (std::deque<Entry>& queue : queues_) {
      std::erase_if(queue, [this](const Entry& entry) {
        const Place& place = places_[entry.device];
        return place.state != State::waiting || place.ticket != entry.ticket;
      });
    }
  }

  const Bounds bounds_;
  std::vector<Place> places_;
  std::array<std::deque<Entry>, 3> queues_;
  std::array<std::uint32_t, 3> under_way_{};
  std::uint64_t tickets_ = 0;
  std::size_t waiting_ = 0;
  Lane turn_ = Lane::silent;  // who had the last one
};

}  // namespace itnxt::snmp
