// One interface of one device, asked out of turn: its states in one GET, so that what was heard of
// it is confirmed within a round trip. Pure; the same interface as Walk, so that who drives one
// drives the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "collectors/snmp/request.hpp"
#include "collectors/snmp/walk.hpp"
#include "daemon/core/event.hpp"

namespace itnxt::snmp {

class InterfaceCheck {
 public:
  // Another one than any walk's.
  static constexpr std::uint32_t kRequestNumber = 0xFFFFFFFF;

  InterfaceCheck(std::uint32_t if_index, const WalkPolicy& policy)
      : if_index_(if_index), policy_(policy) {}

  [[nodiscard]] bool done() const { return done_; }
  // What the device says; absent without an answer that says it. ifName is asked from version 2c
  // on: version 1 would refuse the whole question where there is none.
  [[nodiscard]] const std::optional<InterfaceStatus>& found() const { return found_; }

  [[nodiscard]] Request request() const;
  [[nodiscard]] static std::uint32_t request_number() { return kRequestNumber; }
  [[nodiscard]] Duration patience() const { return policy_.timeout; }
  void answer(const Message& reply, Instant now);
  // Given up at once: the whole poll that follows has its retries, and tells what silence means.
  void timed_out() { done_ = true; }
  void malformed(Fault /*fault*/) {}
  void not_sent(const std::string& /*reason*/) {}
  void denied(const std::string& /*reason*/, bool /*credentials*/) { done_ = true; }
  void expire(Duration /*interval*/) { done_ = true; }

 private:
  const std::uint32_t if_index_;
  const WalkPolicy policy_;
  bool done_ = false;
  std::optional<InterfaceStatus> found_;
};

}  // namespace itnxt::snmp
