// An agent that answers as a recorded device did: lines OID|TAG|VALUE, gzip (the format of
// snmpsim).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "collectors/snmp_protocol/message.hpp"

namespace itnxt::test {

struct RecordedValue {
  std::uint8_t tag = 0;
  std::vector<std::uint8_t> content;  // BER
  std::vector<std::uint8_t> oid;      // BER
};

class Recording {
 public:
  using Arcs = std::vector<std::uint32_t>;
  // Throws std::runtime_error when the file cannot be read.
  static Recording load(const std::filesystem::path& file);
  void add(const std::string& oid, const std::string& tag, const std::string& value);

  // The reply to GET, GETNEXT or GETBULK; at most `max_varbinds` of them.
  [[nodiscard]] std::vector<std::uint8_t> answer(snmp::ByteView request,
                                                 std::size_t max_varbinds = 100) const;
  [[nodiscard]] const std::map<Arcs, RecordedValue>& values() const { return values_; }

 private:
  [[nodiscard]] std::vector<std::uint8_t> answer_v1(const snmp::Message& message,
                                                    const std::vector<Arcs>& asked) const;
  std::map<Arcs, RecordedValue> values_;
};

// "1.3.6.1" as arcs, and arcs as BER.
[[nodiscard]] Recording::Arcs arcs_of(const std::string& oid);
[[nodiscard]] std::vector<std::uint8_t> encode_oid(const Recording::Arcs& arcs);

}  // namespace itnxt::test
