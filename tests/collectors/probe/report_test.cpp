// Trains as verdicts, series and events.
#include "collectors/probe/report.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/probe/portal.hpp"

namespace itnxt::probe {
namespace {

TrainFigures figures_of(std::uint32_t received, Outcome other, std::uint32_t others) {
  TrainFigures figures;
  figures.sent = received + others;
  figures.received = received;
  figures.by_outcome[static_cast<std::size_t>(Outcome::answered)] = received;
  figures.by_outcome[static_cast<std::size_t>(other)] = others;
  figures.loss = static_cast<double>(others) / figures.sent;
  return figures;
}

TEST(Report, OneAnswerIsEnoughAndSilenceIsOnlyWhatNothingElseExplains) {
  Standing standing;
  judge(standing, figures_of(1, Outcome::lost, 9));
  EXPECT_EQ(standing.verdict, Verdict::reachable);
  TrainFigures mixed = figures_of(0, Outcome::lost, 9);
  mixed.by_outcome[static_cast<std::size_t>(Outcome::unreachable)] = 1;
  judge(standing, mixed);
  EXPECT_EQ(standing.verdict, Verdict::unreachable);
  EXPECT_EQ(standing.why, Outcome::unreachable);
  judge(standing, figures_of(0, Outcome::lost, 10));
  EXPECT_EQ(standing.why, Outcome::lost);
  EXPECT_EQ(standing.totals.sent, 29U);
  EXPECT_EQ(standing.totals.received, 1U);
}

// What a scrape would show of it.
std::string lines(const SeriesSample& sample) {
  std::string text;
  for (const SeriesFamily& family : sample.families) {
    for (const SeriesRow& row : family.rows) {
      text += family.name;
      for (const std::string& label : row.labels) text += " " + label;
      const auto* whole = std::get_if<std::uint64_t>(&row.value);
      text += ' ';
      text +=
          whole != nullptr ? std::to_string(*whole) : std::to_string(std::get<double>(row.value));
      text += '\n';
    }
  }
  return text;
}

TEST(Report, AllThatIsKnownOfATarget) {
  const ProbeTarget target = test::portal();
  Standing standing;
  TrainFigures figures = figures_of(3, Outcome::refused, 1);
  figures.reordered = 1;
  figures.rtt = std::array<Duration, 3>{1ms, 2ms, 3ms};
  figures.jitter = 500us;
  judge(standing, figures);
  standing.http_status = 204;
  const Told told[] = {{&target, &standing}};
  const SeriesSample sample = to_sample(told, "all", SourceTime(5s), 10s);
  EXPECT_EQ(sample.owner, SeriesOwner::probe);
  EXPECT_EQ(lines(sample),
            "itnxt_probe_up ozg 1.000000\n"
            "itnxt_probe_loss_ratio ozg 0.250000\n"
            "itnxt_probe_rtt_seconds ozg 0.5 0.001000\n"
            "itnxt_probe_rtt_seconds ozg 0.9 0.002000\n"
            "itnxt_probe_rtt_seconds ozg 0.99 0.003000\n"
            "itnxt_probe_jitter_seconds ozg 0.000500\n"
            "itnxt_probe_http_status ozg 204.000000\n"
            "itnxt_probe_info ozg http halle [fe80::1]:443 1.000000\n"
            "itnxt_probe_sent_total ozg 4\n"
            "itnxt_probe_received_total ozg 3\n"
            "itnxt_probe_unreachable_total ozg 1\n"
            "itnxt_probe_reordered_total ozg 1\n"
            "itnxt_probe_duplicates_total ozg 0\n"
            "itnxt_probe_failures_total ozg refused 1\n");
  for (const SeriesFamily& family : sample.families) {
    EXPECT_EQ(family_objection(family).value_or(""), "");
  }
}

TEST(Report, WhatIsNotKnownIsNotShown) {
  const ProbeTarget target = test::portal();
  Standing standing;
  const Told told[] = {{&target, &standing}};
  EXPECT_EQ(lines(to_sample(told, "all", SourceTime(5s), 10s)), "");
  TrainFigures nothing;
  nothing.by_outcome[static_cast<std::size_t>(Outcome::unresolved)] = 1;
  judge(standing, nothing);
  const std::string text = lines(to_sample(told, "all", SourceTime(5s), 10s));
  EXPECT_EQ(text.find("loss"), std::string::npos) << text;
  EXPECT_NE(text.find("itnxt_probe_up ozg 0.0"), std::string::npos) << text;
  EXPECT_NE(text.find("itnxt_probe_failures_total ozg unresolved 1\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace itnxt::probe
