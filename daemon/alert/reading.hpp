// From a view of the snapshot to the number a rule compares, and what that number says.
// Pure, no allocation: called for every subject of every rule at each evaluation.
#pragma once

#include <optional>
#include <string>

#include "daemon/state/snapshot.hpp"

namespace itnxt {

// A known number. `lower_bound`: one direction of two is unknown, the true value may be higher.
// `since`: when it became so as its collector told, by our wall clock; zero: not told.
struct Reading {
  double value = 0;
  bool lower_bound = false;
  WallTime since{};
};

// Absent: unknown, neither good nor bad. An interface that is administratively down, or does not
// say what its operator wants, is not down (RFC 2863 §3.1.13); a device that was never polled, or
// not within the stale time, is not down.
std::optional<Reading> read(const LinkView& link, SubjectMetric metric);
std::optional<Reading> read(const DeviceView& device, SubjectMetric metric);
std::optional<Reading> read(const InterfaceView& interface, SubjectMetric metric);
std::optional<Reading> read(const CaptureView& capture, SubjectMetric metric);
std::optional<Reading> read(const CollectorView& collector, SubjectMetric metric, Instant now);

// The device of that name; none: nullptr.
const DeviceView* find_device(const Snapshot& snapshot, const std::string& name);

// Whether it answers when it is asked. Absent: nobody asked it lately, or what it said is stale.
std::optional<bool> answers(const DeviceView& device);

enum class Evidence : std::uint8_t {
  bad,      // beyond the threshold
  between,  // between the threshold and where it clears
  clear,    // beyond the clear threshold: positive evidence that all is well
  none,     // unknown
};
Evidence judge(const Rule& rule, const std::optional<Reading>& reading);

// Whether the subject has every attribute that `rule.where` asks for.
bool matches(const Rule& rule, const LinkView& link);
bool matches(const Rule& rule, const DeviceView& device);
bool matches(const Rule& rule, const DeviceView& device, const InterfaceView& interface);
bool matches(const Rule& rule, const CaptureView& capture);
bool matches(const Rule& rule, const CollectorView& collector);

}  // namespace itnxt
