// `itnxtctl tail`: the aggregator's live stream as lines, and what of it was lost. All but
// run_tail() is pure.
//
// Layers: this verb is a ZeroMQ subscriber and no client of the API; tests/layering.cmake lets no
// other file of this room but keygen see the sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/wire/stream.hpp"

namespace itnxt::ctl {

// What of the stream did not come, by the sequence of each topic. What the aggregator sent before
// the first message of a topic, or before it started anew, does not count.
class Losses {
 public:
  // How many messages of this topic were lost before this one.
  std::uint64_t before(std::string_view topic, const wire::StreamMessage& message);
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  std::uint64_t epoch_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t messages_ = 0;
  std::unordered_map<std::string, std::uint64_t> last_;  // by topic
};

// One line each, with its end.
std::string tail_line(const wire::StreamMessage& message);
std::string tail_json(std::string_view topic, const wire::StreamMessage& message);

}  // namespace itnxt::ctl
