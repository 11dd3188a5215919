// Recordings of real devices: what is odd about them is told, and none of it stops the survey.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "collectors/snmp/survey/oddities.hpp"
#include "tests/collectors/snmp/survey/wire.hpp"

namespace itnxt::snmp::survey {
namespace {

std::filesystem::path recordings() {
  const char* data = std::getenv("ITNXT_TEST_DATA");
  const std::filesystem::path base = data != nullptr ? data : ITNXT_SOURCE_DIR "/../shared/data";
  return base / "snmprec";
}

TEST(SurveyRecordings, WhatIsOddIsToldAndNeverFatal) {
  if (!std::filesystem::is_directory(recordings())) {
    GTEST_SKIP() << recordings() << " is not there: no recordings to serve";
  }
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(recordings())) {
    if (entry.path().extension() == ".gz") files.insert(entry.path());
  }
  ASSERT_FALSE(files.empty());
  std::map<std::string_view, int> kinds;
  std::printf("%-34s %5s %8s %6s  %s\n", "device", "rows", "requests", "tables", "odd");
  for (const std::filesystem::path& file : files) {
    SCOPED_TRACE(file.filename());
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
    std::string device = file.filename();
    device.resize(device.size() - std::string(".snmprec.gz").size());
    std::printf("%-34s %5zu %8u %6zu  %s\n", device.c_str(), facts.sample.interfaces.size(),
                facts.walk_requests, facts.tables.size(), odd.c_str());
  }
  std::printf("%zu devices:", files.size());
  for (const auto& [kind, count] : kinds) {
    std::printf(" %s %d", std::string(kind).c_str(), count);
  }
  std::printf("\n");
}

}  // namespace
}  // namespace itnxt::snmp::survey
