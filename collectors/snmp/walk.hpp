// One poll of one device as a pure state machine: says what to ask next, takes a decoded reply or
// the news that none came, and yields the DeviceSample. No clock, no socket; RFC 3416 §4.2.
//
// How it asks: first a GET of the system group, small enough for any device: silence to it is
// silence, silence to something bigger afterwards may be a question of size. Then GETBULKs over
// all columns at once with sysUpTime as non-repeater, so that counters, discontinuity time and
// device clock come out of one PDU. All columns of a request share one cursor: a row is taken when
// every column has passed it, and a column that ran ahead over holes is asked again from there.
// Rows without a 64-bit counter are asked for the 32-bit one, from the next poll on in the same
// request; those without multicast and broadcast also for ifInNUcastPkts and ifOutNUcastPkts, which
// are both in one. Version 1 has neither GETBULK nor Counter64: a GETNEXT brings one row, an agent
// steps over what it may not say (RFC 3584 §4.2.2.1), and noSuchName is the end of what it names.
//
// What a device can do to it: at most kMostRows rows, kMostRequests requests; whatever breaks the
// protocol's rules ends the column it happened in, keeps what has arrived and is named in the
// sample's problem.
//
// A walk is endless when it has more rows than twice ifNumber and 1,000 (or than twice as many as
// the last whole walk had: some agents' ifNumber is wrong for ever), or is cut off by a budget (of
// rows, of requests, of time where there is no ifNumber) that ifNumber does not account for. Then
// no row can be told from an invention: the sample has none, so that what was known stays until it
// is stale, and says why. A device of many thousand interfaces is none such as long as its ifNumber
// says so; what it has beyond the budgets is cut off.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/snmp/if_mib.hpp"
#include "collectors/snmp/request.hpp"
#include "collectors/snmp/rows.hpp"
#include "collectors/snmp/rules.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "daemon/core/sample.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::snmp {

inline constexpr std::size_t kMostRows = 16'384;
inline constexpr std::uint32_t kMostRequests = 32'768;
// An ifNumber beyond this is none.
inline constexpr std::uint64_t kMostIfNumber = 4 * kMostRows;
// Net-SNMP agents give at most a hundred varbinds.
inline constexpr std::uint16_t kMostVarbinds = 100;
// What a reply may weigh: WAN paths drop fragments (RFC 3417 §3), so it stays below their MTU.
inline constexpr std::size_t kReplyBytes = 1400;

// What polls have learned of a device. All but the uptime outlives the process (memory_file.hpp).
struct DeviceMemory {
  std::uint16_t max_varbinds = kMostVarbinds;  // of one reply; shrinks at once, grows slowly
  std::uint16_t cell_bytes = 20;               // what one varbind weighs in its replies
  std::uint16_t clean_polls = 0;               // since the size shrank or grew
  std::uint16_t polls = 0;                     // since the columns were last tried anew
  ColumnMask columns = kPrimaryColumns;        // asked in the first pass
  ColumnMask useless = 0;                      // asked, and no row had any
  std::uint32_t rows = 0;                      // of the last complete poll
  std::optional<TimeTicks> uptime;             // of the last poll
};

struct WalkPolicy {
  Duration timeout = 2s;           // of a request's first try
  std::uint32_t retries = 2;       // after its first try
  Version version = Version::v2c;  // v1: GETNEXTs, a row each; version 3 asks as v2c does
  // As long as the poll has no answer; absent: as many.
  std::optional<std::uint32_t> retries_unheard = std::nullopt;
  bool tables = true;  // false: the system group only, after endless walks (endless.hpp)
};

class Walk {
 public:
  // `memory` outlives the walk.
  Walk(DeviceMemory& memory, const WalkPolicy& policy, Instant now);

  [[nodiscard]] bool done() const { return stage_ == Stage::done; }
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] bool is_repeating() const { return tries_ > 0; }
  // What to ask now. Precondition: !done().
  [[nodiscard]] Request request() const;
  // Changes when request() does: a try that repeats a request may keep its request-id, so that a
  // late reply to the try before is not lost.
  [[nodiscard]] std::uint32_t request_number() const { return request_number_; }
  // How long to wait for a reply to this try: each try half as long again as the one before.
  [[nodiscard]] Duration patience() const;

  // The reply to request(). Precondition: !done().
  void answer(const Message& reply, Instant now);
  // No reply within patience(): another try, smaller where that may help, or the end. `otherwise`:
  // what is sent next differs, and is worth one try, once, when the retries are used up.
  void timed_out(bool otherwise = false);
  // Bytes from the device that were no message; the try goes on.
  void malformed(Fault fault);
  // Something from the device that did not count; told if none of the tries gets an answer. `what`:
  // "another request-id than asked"; outlives the walk.
  void ignored(std::string_view what);
  // The device says who may ask and this is not: nothing more is asked. `credentials`: what is
  // wrong is ours to correct, and the device is alive.
  void denied(std::string reason, bool credentials);
  // Why silence may be no outage; told if none of the tries gets an answer.
  void suspect(std::string reason, bool credentials);
  // The try could not be sent; it goes on, and what was wrong is told if none gets an answer.
  void not_sent(std::string reason);
  // The next poll is due, an interval after this one began.
  void expire(Duration interval);

  [[nodiscard]] bool endless() const { return endless_; }
  // What the device has broken so far, also where the sample's problem names only some.
  [[nodiscard]] const RuleCounts& broken_rules() const { return broken_rules_; }
  // The sample, but for its device and interval. Precondition: done(); once.
  [[nodiscard]] DeviceSample finish(Instant now);

 private:
  enum class Stage : std::uint8_t { system, table, fallback, done };
  // Columns asked together and how far they are; -1 is before the first row.
  struct Pass {
    ColumnMask columns;
    std::int64_t cursor;
  };
  // One column's part of a reply.
  struct Progress {
    std::uint8_t column = 0;
    bool ended = false;   // the table's end was seen
    bool broken = false;  // the device broke a rule
    std::int64_t last = -1;
  };
  struct Cell {
    std::uint8_t slot = 0;  // into progress_
    std::uint32_t row = 0;
    Varbind varbind;
  };

  void read_system(const Message& reply);
  void refused_system(const Message& reply);
  void read_table(const Message& reply, Instant now);
  void refused_table(const Message& reply);
  bool read_uptime(Varbinds& varbinds);
  std::size_t sort_cells(Varbinds& varbinds);
  void place(std::size_t slot, const Varbind& varbind);
  [[nodiscard]] std::int64_t frontier() const;
  void store_up_to(std::int64_t row, Instant now);
  void settle(std::int64_t row);
  void store_scalar(Scalar scalar, const Varbind& varbind);
  void skip_cell();

  [[nodiscard]] const char* verb() const {
    return policy_.version == Version::v1 ? "GETNEXT" : "GETBULK";
  }
  [[nodiscard]] std::string why_silent() const;
  [[nodiscard]] std::string malformed_replies() const;  // precondition: there were some
  void begin_pass(ColumnMask columns);
  void next_pass();
  [[nodiscard]] std::uint16_t repetitions() const;
  bool shrink();
  void split();
  void learn();
  void stop(std::string problem);
  void problem(std::string text);
  [[nodiscard]] bool knows_nothing() const;
  void begin_tables();
  [[nodiscard]] std::uint64_t believable_rows() const;
  [[nodiscard]] std::optional<std::uint64_t> believable_if_number() const;
  void give_up_over_budget();
  void stop_endless(const std::string& what);

  DeviceMemory& memory_;
  WalkPolicy policy_;
  Instant started_;
  Stage stage_ = Stage::system;
  std::uint32_t scalars_ = 0;  // mask over kMibScalars still asked
  std::uint32_t request_number_ = 0;
  std::uint32_t requests_ = 0;
  std::uint32_t tries_ = 0;
  bool tried_otherwise_ = false;
  std::vector<Pass> passes_;  // the last one is at work
  ColumnMask asked_ = 0;      // whatever was asked in this poll
  ColumnMask used_ = 0;       // gave a row a value
  ColumnMask failed_ = 0;     // did not reach the table's end
  bool answered_ = false;
  bool shrunk_ = false;
  bool endless_ = false;
  bool incomplete_ = false;
  bool refused_ = false;  // answers, but nothing of use
  bool denied_ = false;   // the credentials are wrong
  std::string suspicion_;
  bool suspects_credentials_ = false;
  std::string send_problem_;
  std::string_view ignored_;  // the last one
  std::uint32_t ignored_replies_ = 0;
  std::optional<Fault> fault_;
  std::uint32_t faults_ = 0;
  RuleCounts broken_rules_;
  std::vector<std::string> problems_;
  std::uint32_t more_problems_ = 0;
  std::optional<TimeTicks> uptime_;
  std::optional<std::uint64_t> if_number_;
  std::optional<TimeTicks> table_last_change_;
  std::string sys_name_, sys_descr_, sys_object_id_;
  Rows rows_;
  std::vector<Progress> progress_;
  std::vector<Cell> cells_;
};

}  // namespace itnxt::snmp
