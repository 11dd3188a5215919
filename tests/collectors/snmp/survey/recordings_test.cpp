// Recordings of real devices: what is odd about them is told, and none of it stops the survey.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "collectors/snmp/survey/oddities.hpp"
#include "tests/collectors/snmp/survey/wire.hpp"
#include "tests/support/recorded_devices.hpp"

namespace itnxt::snmp::survey {
namespace {

TEST(SurveyRecordings, WhatIsOddIsToldAndNeverFatal) {
  const auto devices = itnxt::test::recorded_devices();
  if (devices.empty()) {
    GTEST_SKIP() << itnxt::test::recordings_folder() << " holds no recordings to serve";
  }
  std::map<std::string_view, int> kinds;
  std::printf("%-34s %5s %8s %6s  %s\n", "device", "rows", "requests", "tables", "odd");
  for (const auto& [device, file] : devices) {
    SCOPED_TRACE(device);
    test::AgentWire wire(test::alive(itnxt::test::Recording::load(file)), 60s);
    const Facts facts = survey(wire, test::questions());
    ASSERT_TRUE(facts.used);
    EXPECT_FALSE(facts.out_of_time);
    EXPECT_TRUE(facts.sample.complete) << facts.sample.problem;
    std::string odd;
    for (const Oddity& one : oddities(facts)) {
      odd += (odd.empty() ? "" : ", ") + std::string(name(one.kind));
      ++kinds[name(one.kind)];
      EXPECT_FALSE(one.what.empty());
      EXPECT_EQ(to_text(one).find('\n'), std::string::npos);
    }
    std::printf("%-34s %5zu %8u %6zu  %s\n", device.c_str(), facts.sample.interfaces.size(),
                facts.walk_requests, facts.tables.size(), odd.c_str());
  }
  std::printf("%zu devices:", devices.size());
  for (const auto& [kind, count] : kinds) {
    std::printf(" %s %d", std::string(kind).c_str(), count);
  }
  std::printf("\n");
}

}  // namespace
}  // namespace itnxt::snmp::survey
