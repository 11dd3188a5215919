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
  EXPECT_TRUE(showing.taken(incident, Instant(0s)).first);
  showing.put(over(firing(incident, 0s), 5s), Instant(5s), wall_at(5s));
  return showing;
}

TEST(Showing, WhatEndedIsOverAsSoonAsTheSameFiresAgain) {
  for (const std::string newer : {"a", "z"}) {  // ids are random: their order means nothing
    Showing showing = with_ended("m");
    EXPECT_TRUE(showing.taken("m", Instant(5s)).first);  // the close
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

// "from … to …: summary / description", as said to Alertmanager `at` seconds after the beginning.
std::string said(const Showing& showing, Duration at) {
  const Showing::Statement one = showing.statement("m", wall_at(at));
  const auto text = one.alert.annotations.find("description");
  return to_rfc3339(one.starts_at).substr(11, 8) + '-' + to_rfc3339(one.ends_at).substr(11, 8) +
         ' ' + one.alert.annotations.at("summary") + " / " +
         (text == one.alert.annotations.end() ? "" : text->second);
}

TEST(Showing, WhatEndedBeforeAnybodyTookItIsShownAsFiringForAMinuteFirst) {
  Showing showing;
  showing.put(firing("m", 0s), Instant(0s), wall_at(0s));
  showing.put(over(firing("m", 0s), 5s), Instant(5s), wall_at(5s));
  EXPECT_EQ(showing.next(), std::nullopt);  // however long nobody can be reached
  const std::string late =
      " Link l0 is down. It is over already. / Since then. It was over at 2019-12-20T00:00:05Z, "
      "before this message could be delivered.";
  EXPECT_EQ(said(showing, 1h), "00:00:00-01:01:00" + late);
  const Showing::Taken taken = showing.taken("m", Instant(1h));
  EXPECT_TRUE(taken.first);
  EXPECT_EQ(taken.progress, Progress::page_delivered);
  EXPECT_EQ(said(showing, 1h + 30s), "00:00:00-01:01:30" + late);
  EXPECT_FALSE(showing.taken("m", Instant(1h + 30s)).first);  // another one, or the next round
  EXPECT_EQ(showing.next(), Instant(1h + 1min));
  EXPECT_THAT(showing.turn(Instant(1h + 59s)).changed, IsEmpty());
  EXPECT_THAT(showing.turn(Instant(1h + 1min)).changed, ElementsAre("m"));
  EXPECT_EQ(said(showing, 1h + 1min), "00:00:00-00:00:05 Link is up again. / ");
  EXPECT_EQ(showing.next(), std::nullopt);  // … nor the close
  EXPECT_TRUE(showing.taken("m", Instant(2h)).first);
  EXPECT_THAT(lines(showing.turn(Instant(2h + 5min)).over), ElementsAre("m closed"));
}

TEST(Showing, ARestartGoesOnWithWhatIsShownLate) {
  Delivery delivery = over(firing("m", 0s), 5s);
  delivery.page_delivered = true;
  delivery.shown_until = wall_at(100s);
  for (const auto& [at, end] : {std::pair(60s, "00:02:00"), std::pair(0s, "00:01:00")}) {
    Showing showing;
    showing.put(delivery, Instant(0s), wall_at(at));
    EXPECT_EQ(said(showing, at).substr(9, 8), end);
    EXPECT_EQ(showing.next(), Instant(at == 60s ? 40s : 60s));  // the clock may have gone back
  }
  Showing showing;
  showing.put(delivery, Instant(0s), wall_at(100s));
  EXPECT_EQ(said(showing, 100s), "00:00:00-00:00:05 Link is up again. / ");
}

TEST(Showing, WhatWasTakenInTimeEndsAtOnceAlsoAfterARestart) {
  Delivery delivery = over(firing("m", 0s), 5s);
  delivery.page_delivered = true;
  Showing showing;
  showing.put(delivery, Instant(0s), wall_at(10s));
  EXPECT_EQ(said(showing, 10s), "00:00:00-00:00:05 Link is up again. / ");
}

TEST(Showing, WhatIsRefusedIsForgotten) {
  Showing showing;
  showing.put(over(firing("m", 0s), 5s), Instant(5s), wall_at(5s));
  showing.refused("m", Instant(6s));
  EXPECT_THAT(lines(showing.turn(Instant(5min + 6s)).over), ElementsAre("m refused"));
}

TEST(Showing, NoMoreIsKeptThanFits) {
  Showing showing;
  for (std::size_t i = 0; i < Showing::kMaxOwed; ++i) {
    const auto name = std::to_string(i);
    const Delivery one = over(firing(name, std::chrono::seconds(i), name), 3h);
    EXPECT_THAT(showing.put(one, Instant(0s), wall_at(3h)), IsEmpty());
  }
  EXPECT_THAT(lines(showing.put(over(firing("m", 2h, "m"), 3h), Instant(0s), wall_at(3h))),
              ElementsAre("0 given up"));
  EXPECT_THAT(showing.put(firing("n", 2h, "n"), Instant(0s), wall_at(3h)), IsEmpty());
  EXPECT_EQ(showing.incidents().size(), Showing::kMaxOwed + 1);
}

}  // namespace
}  // namespace itnxt::test
