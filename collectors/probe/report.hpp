// What trains tell, added up and as metrics. Pure; the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "collectors/probe/train.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::probe {

// Of one target since its collector started.
struct Totals {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t reordered = 0;
  std::uint64_t duplicates = 0;
  std::array<std::uint64_t, kOutcomes> by_outcome{};
  bool operator==(const Totals&) const = default;

  void add(const TrainFigures& figures);
};

enum class Verdict : std::uint8_t { unknown, reachable, unreachable };

// Of one target after its last train.
struct Standing {
  Verdict verdict = Verdict::unknown;
  Outcome why = Outcome::lost;  // of unreachable
  TrainFigures figures;
  Totals totals;
  std::uint16_t http_status = 0;          // of the last answer of that train; 0: none
  std::optional<std::uint8_t> dns_rcode;  // likewise
};

// Reachable when one probe was answered. Else why not: what was said most often, and silence only
// when nothing was said.
void judge(Standing& standing, const TrainFigures& figures);

struct Told {
  const ProbeTarget* target;
  const Standing* standing;
};

// The series of some targets of a probe; targets without verdict have none. `source` tells them
// from the probe's other targets.
[[nodiscard]] SeriesSample to_sample(std::span<const Told> told, std::string source, SourceTime at,
                                     Duration interval);

// "10.2.0.1", "[fe80::1]:443": as an operator would write it.
[[nodiscard]] std::string address_text(const ProbeTarget& target);

}  // namespace itnxt::probe
