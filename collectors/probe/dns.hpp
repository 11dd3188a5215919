// A DNS question and its answer as bytes (RFC 1035 §4). Pure. The answer is hostile; of its records
// only the count is read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"

namespace itnxt::probe {

struct DnsAnswer {
  std::uint8_t rcode = 0;     // RFC 1035 §4.1.1; 0: no error
  std::uint16_t records = 0;  // in the answer section
  bool operator==(const DnsAnswer&) const = default;
};

[[nodiscard]] inline bool is_good(const DnsAnswer& answer) {
  return answer.rcode == 0 && answer.records > 0;
}
// "NXDOMAIN: there is no such name", as people and resolvers call it (RFC 1035 §4.1.1, RFC 6895
// §2.3).
[[nodiscard]] std::string to_text(const DnsAnswer& answer);

// A recursive question in class IN. Precondition: labels of 1 to 63 bytes, 253 in all, perhaps a
// dot behind; "." is the root.
[[nodiscard]] std::vector<std::uint8_t> encode_question(std::uint16_t id, std::string_view name,
                                                        DnsType type);

// Nothing for what is no response to this very question.
[[nodiscard]] std::optional<DnsAnswer> decode_answer(std::span<const std::uint8_t> message,
                                                     std::span<const std::uint8_t> question);

}  // namespace itnxt::probe
