// The SNMP engine that this collector is, for informs: its ID, how often it has started, its time
// (RFC 3411 §3.1.1.1, RFC 3414 §2.2). ID and boots outlive the process in a small file, so that who
// has learned them goes on after a restart, and an old inform is known to be old.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/snmp_protocol/usm/clock.hpp"
#include "collectors/snmp_protocol/usm/engine_id.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::trap {

struct EngineState {
  snmp::usm::EngineId id;
  std::uint32_t boots = 0;
};

// One line: "itnxt trap engine 1 HEX BOOTS".
[[nodiscard]] std::string encode_engine(const EngineState& state);
[[nodiscard]] Result<EngineState> decode_engine(std::string_view text);

// 17 octets by RFC 3411 §5: random ones, so that no two engines share it.
[[nodiscard]] snmp::usm::EngineId random_engine_id();

struct OpenedEngine {
  EngineState state;
  std::string problem;  // why another start will have another ID; empty: it will not
};
// Reads the file, counts this start and writes it back (new file, fsync, rename): once, at the
// start. Without a file, or with one that cannot be read or written, the ID is a fresh one, under
// which nothing that was sent before can be played again. Boots that are used up likewise.
// `path` empty: there is no place for a file.
[[nodiscard]] OpenedEngine open_engine(const std::string& path);

class OwnEngine {
 public:
  OwnEngine(const EngineState& state, Instant started) : state_(state), started_(started) {}
  [[nodiscard]] const snmp::usm::EngineId& id() const { return state_.id; }
  [[nodiscard]] std::uint32_t boots() const { return state_.boots; }
  [[nodiscard]] std::uint32_t time(Instant now) const {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now - started_).count() & 0x7FFFFFFF);
  }
  // RFC 3414 §3.2 7a.
  [[nodiscard]] bool is_timely(std::uint32_t boots, std::uint32_t time, Instant now) const;

 private:
  EngineState state_;
  Instant started_;
};

}  // namespace itnxt::trap
