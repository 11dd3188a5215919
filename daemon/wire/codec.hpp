// Batches and acknowledgements as bytes. The format, its units and limits: daemon/wire/itnxt.proto.
//
// A batch is a message of one or more parts, each at most kMaxPart. Nearly always one; a device
// with thousands of interfaces takes more. Decoding trusts nothing: sizes, counts, enums, times and
// text are checked, and an error names the field.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/event.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::wire {

inline constexpr std::uint32_t kMajor = 1;
inline constexpr std::uint32_t kMinor = 4;
inline constexpr std::size_t kMaxPart = std::size_t{1} << 20;  // bytes
inline constexpr std::size_t kMaxParts = 64;                   // of one message
inline constexpr std::size_t kMaxInterfaces = 100'000;         // of one batch
inline constexpr std::size_t kMaxSamples = 100'000;            // of one batch
inline constexpr std::size_t kMaxSeriesRows = 100'000;         // of one batch
inline constexpr std::size_t kMaxEvents = 1000;                // of one message
// Protocols that minor 3 knew, `other` the last of them: what is behind goes as `of_other`.
inline constexpr std::size_t kOldProtocols = 6;
inline constexpr std::uint32_t kCredit = 64;  // before the first ack
inline constexpr std::uint32_t kMaxCredit = 4096;

using Parts = std::vector<std::string>;

struct Ack {
  CollectorName collector;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::uint32_t credit = kCredit;  // 1 … kMaxCredit
  bool operator==(const Ack&) const = default;
};

// Everything of the lane up to and with `sequence` is durable.
struct EventAck {
  CollectorName collector;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  bool operator==(const EventAck&) const = default;
};

// Which batch, of the node that speaks.
struct BatchName {
  CollectorName collector;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  bool operator==(const BatchName&) const = default;
};

// The aggregator does not take what was sent, and why. `batch`: this one it never will.
struct Refusing {
  std::string reason;
  std::string message;
  std::optional<BatchName> batch{};
  bool operator==(const Refusing&) const = default;
};

using Answer = std::variant<Ack, EventAck, Refusing>;

// What is said of a batch each time it is sent, and so not encoded with it.
struct Sending {
  std::uint64_t lost = 0;
  Bytes waiting{};
  WallTime wall;
};

// The whole batch, its Sending included, as one part, however large that gets. For small batches.
std::string encode(const Batch& batch);

// The batch without its Sending in parts of at most kMaxPart. Fails when a single
// part would be too large even so: only the interfaces of the last sample can be spread.
// What exceeds kMaxInterfaces is left off and the device marked as incomplete.
Result<Parts> encode_parts(const Batch& batch);

// As bytes to append to a message's first part.
std::string encode(const Sending& sending);

std::string encode(const Ack& ack);
std::string encode(const EventAck& ack);
std::string encode(const Refusing& refusing);

// Fails when they do not fit into a part: text is bounded, so 1000 events of an honest size do.
Result<std::string> encode(const EventBatch& events);

// Why a message was refused. Label values of counters: kRefusalNames.
enum class Refusal : std::uint8_t { size, syntax, version, content };
inline constexpr std::size_t kRefusals = 4;
inline constexpr std::string_view kRefusalNames[kRefusals] = {"size", "syntax", "version",
                                                              "content"};
constexpr std::string_view name(Refusal r) {
  return kRefusalNames[static_cast<std::size_t>(r)];
}

struct Refused {
  Refusal reason;
  std::string message;  // "batch.samples[3].device.interfaces[7].oper: 9 is no OperStatus"
  std::optional<BatchName> batch{};  // this one will never be taken; where its number is readable
  NodeName node{};                   // who it says it is from; empty: not readable
};

// Decodes message after message, re-using its memory: no allocation per row once warm. Not for two
// threads at once.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Nothing when all is well; then batch(), or events() if they are what came, holds what was sent
  // until the next call. Else why not, and neither is to be looked at.
  [[nodiscard]] std::optional<Refused> decode(std::span<const std::string_view> parts);
  [[nodiscard]] const Batch& batch() const { return batch_; }
  [[nodiscard]] bool holds_events() const { return holds_events_; }
  [[nodiscard]] const EventBatch& events() const { return events_; }

 private:
  struct Memory;
  void identify(std::string_view first, Refused& refused);
  std::unique_ptr<Memory> memory_;
  Batch batch_;
  EventBatch events_;
  bool holds_events_ = false;
};

// One batch of one part.
Result<Batch> decode(std::string_view part);
Result<EventBatch> decode_events(std::string_view part);
// What an aggregator says. Another major version is an error that says so.
Result<Answer> decode_answer(std::string_view part);
[[nodiscard]] bool is_of_other_major(std::string_view part);

// What the spool keeps of an undelivered batch: its parts, and per endpoint the `lost` to announce.
struct SpoolRecord {
  struct Lost {
    std::string endpoint;
    std::uint64_t batches = 0;
    std::uint64_t epoch = 0;  // that has announced them, up to `said`, without an answer; 0: none
    std::uint64_t said = 0;
    bool operator==(const Lost&) const = default;
  };
  Parts parts;
  std::vector<Lost> lost;
  bool operator==(const SpoolRecord&) const = default;
};
std::string encode(const SpoolRecord& record);
Result<SpoolRecord> decode_spool_record(std::string_view bytes);

}  // namespace itnxt::wire
