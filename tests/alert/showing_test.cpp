#include "daemon/alert/showing.hpp"

#include <gmock/gmock.h>

#include "daemon/alert/lease.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Delivery firing(const std::string& incident, Duration since, const std::string& subject = "l0") {
  Delivery d;
  d.incident = incident;
  d.page.alert = "LinkDown";
  d.page.subject = subject;
  d.page.labels = {{"alertname", "LinkDown"}, {"subject", subject}};
  d.page.annotations = {{"summary", "Link " + subject + " is down."},
                        {"description", "Since then."}};
  d.page.since = wall_at(since);
  return d;
}

Delivery over(Delivery d, Duration at) {
  d.close = d.page;
  d.close->annotations = {{"summary", "Link is up again."}};
  d.ended = wall_at(at);
  return d;
}

std::vector<std::string> lines(const std::vector<Showing::Over>& all) {
  static constexpr std::array kNames = {"none", "page", "closed", "refused", "given up"};
  std::vector<std::string> lines;
  for (const Showing::Over& one : all) {
    lines.push_back(one.incident + ' ' + kNames[static_cast<std::size_t>(one.progress)] +
                    (one.counts ? " counts" : ""));
  }
  return lines;
}

// Firing, taken and ended, the close not taken yet.
Showing with_ended(const std::string& incident) {
  Showing showing;
  showing.put(firing(incident, 0s), Instant(0s), wall_at(0s));
  EXPECT_TRUE(showing.taken(incident).first);
  showing.put(over(firing(incident, 0s), 5s), Instant(5s), wall_at(5s));
  return showing;
}

TEST(Showing, WhatEndedIsOverAsSoonAsTheSameFiresAgain) {
  for (const std::string newer : {"a", "z"}) {  // ids are random: their order means nothing
    Showing showing = with_ended("m");
    EXPECT_TRUE(showing.taken("m").first);  // the close
    EXPECT_THAT(lines(showing.put(firing(newer, 10s), Instant(10s), wall_at(10s))),
                ElementsAre("m closed"));
    EXPECT_FALSE(showing.known("m"));
    EXPECT_THAT(showing.incidents(), ElementsAre(newer));
  }
}

TEST(Showing, ACloseThatNobodyTookCountsWhenANewerPageGoesOnWithIt) {
  Showing showing = with_ended("m");
  EXPECT_THAT(lines(showing.put(firing("a", 10s), Instant(10s), wall_at(10s))),
              ElementsAre("m closed counts"));
}

TEST(Showing, AfterARestartTheOrderInWhichTheyComeMeansNothing) {
  Showing showing;
  showing.put(firing("a", 10s), Instant(0s), wall_at(20s));
  EXPECT_THAT(lines(showing.put(over(firing("m", 0s), 5s), Instant(0s), wall_at(20s))),
              ElementsAre("m closed"));
  EXPECT_THAT(showing.incidents(), ElementsAre("a"));
}

TEST(Showing, WhatFiresIsNewerThanWhatEndedAlsoWhenTheClockWentBack) {
  Showing showing = with_ended("m");
  EXPECT_THAT(lines(showing.put(firing("a", -1h), Instant(10s), wall_at(-1h))),
              ElementsAre("m closed counts"));
}

TEST(Showing, OtherLabelsAreAnotherAlert) {
  Showing showing = with_ended("m");
  EXPECT_THAT(showing.put(firing("a", 10s, "l1"), Instant(10s), wall_at(10s)), IsEmpty());
  EXPECT_THAT(showing.incidents(), ElementsAre("a", "m"));
}

}  // namespace
}  // namespace itnxt::test
