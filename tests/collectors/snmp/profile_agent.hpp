// What the tests of profiles share: the shipped ones, and a device's profiles driven to their end.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "collectors/snmp/profile/polls.hpp"
#include "daemon/config/load.hpp"
#include "tests/collectors/snmp/agent.hpp"

namespace itnxt::snmp::test {

// The profiles of a directory, as a collector gets them.
inline std::vector<Profile> load_profiles(const std::string& directory) {
  const std::string text =
      "inventory: {devices: [{name: r, address: 192.0.2.1, credentials: c}]}\n"
      "credentials: {c: {version: 2c, community: {env: HOME}, insecure_ok: test}}\n"
      "collectors: [{kind: snmp, name: s, profiles: " +
      directory + "}]\n";
  Loaded loaded = load_config_text("/itnxt.yaml", text, Purpose::check);
  for (const Issue& issue : loaded.issues) EXPECT_TRUE(issue.warning) << to_text(issue);
  if (!loaded.config) return {};
  return std::get<SnmpCollectorConfig>(loaded.config->collectors.at(0)).profiles;
}

inline const std::vector<Profile>& shipped() {
  static const std::vector<Profile> profiles = load_profiles(ITNXT_SOURCE_DIR "/config/snmp");
  return profiles;
}

struct DrivenProfiles {
  std::vector<SeriesSample> samples;
  std::string problem;
  std::uint32_t requests = 0;  // sent, repeats included
  std::size_t largest = 0;     // bytes of a request
};

// From begin() to the end. Every request takes 10 ms, a silent one its patience.
inline DrivenProfiles drive(ProfilePolls& polls, const DeviceSample& poll, const Agent& agent,
                            Instant now = {}, std::uint16_t max_varbinds = 100,
                            std::uint32_t most_requests = 100'000) {
  polls.begin(poll, {}, max_varbinds, now);
  DrivenProfiles driven;
  std::array<std::uint8_t, 1024> buffer;
  while (!polls.done() && driven.requests < most_requests) {
    const ByteView bytes = encode(polls.request(), Version::v2c, std::string(64, 'c'),
                                  static_cast<std::int32_t>(++driven.requests), buffer);
    EXPECT_FALSE(bytes.empty()) << "a request that does not fit";
    driven.largest = std::max(driven.largest, bytes.size());
    const Bytes reply = agent(bytes);
    const auto decoded = decode(reply);
    if (const auto* message = std::get_if<Message>(&decoded)) {
      now += 10ms;
      polls.answer(*message, now);
      continue;
    }
    if (!reply.empty()) polls.malformed(std::get<Fault>(decoded));
    now += polls.patience();
    polls.timed_out();
  }
  ProfilePolls::Finished finished = polls.finish();
  driven.samples = std::move(finished.samples);
  driven.problem = std::move(finished.problem);
  return driven;
}

// 'name{a="x"} 1.5' of every row, those of `source` or of all.
inline std::string lines(const std::vector<SeriesSample>& samples, const std::string& source = "") {
  std::string text;
  for (const SeriesSample& sample : samples) {
    if (!source.empty() && sample.source != source) continue;
    for (const SeriesFamily& family : sample.families) {
      for (const SeriesRow& row : family.rows) {
        text += family.name + '{';
        for (std::size_t i = 0; i < row.labels.size(); ++i) {
          text += (i == 0 ? "" : ",") + family.labels[i] + '=' + row.labels[i];
        }
        std::array<char, 64> number{};
        if (const auto* whole = std::get_if<std::uint64_t>(&row.value)) {
          text += "} " + std::to_string(*whole) + '\n';
        } else {
          std::snprintf(number.data(), number.size(), "%.6g", std::get<double>(row.value));
          text += std::string("} ") + number.data() + '\n';
        }
      }
    }
  }
  return text;
}

}  // namespace itnxt::snmp::test
