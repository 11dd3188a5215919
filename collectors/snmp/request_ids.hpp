// Request-ids nobody can guess, and who waits for which. Loop's thread.
#pragma once

#include <sys/random.h>

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace itnxt::snmp {

// Random positive numbers by getrandom(2), drawn by the page: an attacker off the path must hit one
// of 2^31 within the time of a request.
class RequestIds {
 public:
  std::int32_t next() {
    while (true) {
      if (used_ == pool_.size()) refill();
      const auto id = static_cast<std::int32_t>(pool_[used_++] & 0x7FFFFFFFU);
      if (id != 0) return id;
    }
  }

 private:
  void refill() {
    auto* bytes = reinterpret_cast<char*>(pool_.data());
    for (std::size_t have = 0; have < sizeof pool_;) {
      const ssize_t n = ::getrandom(bytes + have, sizeof pool_ - have, 0);
      if (n > 0) have += static_cast<std::size_t>(n);
    }
    used_ = 0;
  }
  std::array<std::uint32_t, 64> pool_{};
  std::size_t used_ = pool_.size();
};

// Open addressing over the ids: one per device at most, so nothing is allocated for a request.
class RequestTable {
 public:
  explicit RequestTable(std::size_t most) { reserve(most); }

  // Room for so many at a time; what is in it stays.
  void reserve(std::size_t most) {
    const std::size_t size = std::bit_ceil(std::max<std::size_t>(most, 4) * 4);
    if (size <= slots_.size()) return;
    const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(size));
    mask_ = size - 1;
    for (const Slot& slot : before) {
      if (slot.id != 0) (void)insert(slot.id, slot.device);
    }
  }

  // False: the id is taken.
  bool insert(std::int32_t id, std::uint32_t device) {
    std::size_t i = home(id);
    for (; slots_[i].id != 0; i = next(i)) {
      if (slots_[i].id == id) return false;
    }
    slots_[i] = {id, device};
    return true;
  }
  [[nodiscard]] std::optional<std::uint32_t> find(std::int32_t id) const {
    for (std::size_t i = home(id); slots_[i].id != 0; i = next(i)) {
      if (slots_[i].id == id) return slots_[i].device;
    }
    return std::nullopt;
  }
  void erase(std::int32_t id) {
    std::size_t hole = home(id);
    while (slots_[hole].id != id) {
      if (slots_[hole].id == 0) return;
      hole = next(hole);
    }
    // Moves back what would no longer be found from its home across the hole.
    for (std::size_t i = next(hole); slots_[i].id != 0; i = next(i)) {
      if (((i - home(slots_[i].id)) & mask_) >= ((i - hole) & mask_)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = {};
  }

 private:
  struct Slot {
    std::int32_t id = 0;  // 0: free
    std::uint32_t device = 0;
  };
  [[nodiscard]] std::size_t home(std::int32_t id) const {
    return static_cast<std::size_t>(id) & mask_;
  }
  [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & mask_; }
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
};

}  // namespace itnxt::snmp
