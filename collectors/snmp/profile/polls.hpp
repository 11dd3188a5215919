// The profiles of one device: which of them it has, which are due after a poll of its interfaces,
// and their walks, one after another. Pure; the same interface as Walk, so that who drives one
// drives the other.
//
// A profile belongs to a device when its rule holds: sysObjectID, and whether the device has
// anything below an OID. That is asked again once an hour and when the device has restarted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/snmp/profile/walk.hpp"
#include "daemon/core/series.hpp"

namespace itnxt::snmp {

class ProfilePolls {
 public:
  // `profiles` outlive it. `interval`: of the interface polls that it follows.
  ProfilePolls(const std::vector<Profile>& profiles, Duration interval);

  // After a poll of the interfaces. Then done(), if nothing is due; `all`: everything is.
  // Precondition: done().
  void begin(const DeviceSample& poll, const WalkPolicy& policy, std::uint16_t max_varbinds,
             Instant now, bool all = false);

  [[nodiscard]] bool done() const { return stage_ == Stage::idle; }
  [[nodiscard]] Request request() const;  // precondition: !done()
  [[nodiscard]] std::uint32_t request_number() const { return request_number_; }
  [[nodiscard]] Duration patience() const;
  void answer(const Message& reply, Instant now);
  void timed_out();
  void malformed(Fault fault);
  void not_sent(std::string reason);
  void denied(const std::string& reason, bool credentials);
  void expire(Duration interval);  // the next poll is due

  struct Finished {
    std::vector<SeriesSample> samples;  // without their device
    std::string problem;  // for people: "PROFILE: what was wrong; …"; empty when fine
  };
  // Of what ended since begin(). Precondition: done().
  [[nodiscard]] Finished finish();

 private:
  enum class Stage : std::uint8_t { idle, probing, walking };
  enum class Answer : std::uint8_t { unknown, no, yes };
  struct State {
    Answer present = Answer::unknown;
    Answer absent = Answer::unknown;  // yes: the device has nothing there
    std::optional<Instant> asked;     // when both were
    std::optional<Instant> polled;    // when its last walk began
  };
  struct Probe {
    std::size_t profile;
    bool absent;
    std::vector<std::uint8_t> prefix;
  };

  void plan(const DeviceSample& poll, Instant now, bool all);
  [[nodiscard]] bool is_due(std::size_t profile, Instant now) const;
  void forget_after_restart(const DeviceSample& poll);
  void read_probe(const Message& reply);
  void settle_probe(const Probe& probe, bool found);
  void next(Instant now);
  void end_walk(Instant now);
  void give_up(const std::string& problem);
  void say(std::size_t profile, const std::string& problem);
  [[nodiscard]] bool belongs(std::size_t profile) const;

  const std::vector<Profile>& profiles_;
  const Duration interval_;
  std::vector<State> states_;
  std::uint16_t max_varbinds_ = kMostVarbinds;
  std::optional<TimeTicks> uptime_;

  // The run at hand.
  Stage stage_ = Stage::idle;
  WalkPolicy policy_;
  DeviceSample poll_;              // for the names of its interfaces
  std::vector<Probe> probes_;      // still to be asked
  std::vector<std::size_t> plan_;  // profiles still to be walked, if they belong
  std::optional<ProfileWalk> walk_;
  std::uint32_t request_number_ = 0;
  std::uint32_t tries_ = 0;
  std::string last_problem_;  // of sending, or of a malformed reply
  Finished finished_;
};

}  // namespace itnxt::snmp
