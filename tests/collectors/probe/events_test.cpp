// What people are told of targets, and when.
#include "collectors/probe/events.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/probe/portal.hpp"

namespace itnxt::probe {
namespace {

Standing failed(Outcome why, std::uint32_t probes = 10) {
  TrainFigures figures;
  figures.sent = probes;
  figures.by_outcome[static_cast<std::size_t>(why)] = probes;
  Standing standing;
  judge(standing, figures);
  return standing;
}

ProbeTarget hall() {
  ProbeTarget target;
  target.name = TargetName("hal");
  target.host = "10.2.0.1";
  return target;
}

std::string text(const ProbeTarget& target, Outcome why, const std::string& problem) {
  return to_event(CollectorName("mesh"), target, failed(why), problem, WallTime(9s), {}).text;
}

TEST(ProbeEvents, SayWhatWhereAndWhyAndNoSecret) {
  const Event down = to_event(CollectorName("mesh"), test::portal(), failed(Outcome::insecure),
                              "no TLS is spoken there", WallTime(9s), {});
  EXPECT_EQ(down.kind, "target_unreachable");
  EXPECT_EQ(down.text,
            "ozg (https://[fe80::1]/form) answers, but is not to be trusted: no TLS is spoken "
            "there");
  EXPECT_EQ(down.details, (decltype(down.details){{"probe", "mesh"},
                                                  {"target", "ozg"},
                                                  {"type", "http"},
                                                  {"address", "[fe80::1]:443"},
                                                  {"url", "https://[fe80::1]/form"},
                                                  {"site", "halle"},
                                                  {"reason", "insecure"}}));
  EXPECT_EQ(down.state, (Event::State{"target ozg", false}));
  TrainFigures figures;
  figures.sent = 10;
  figures.received = 8;
  Standing standing;
  judge(standing, figures);
  const Event up = to_event(CollectorName("mesh"), test::portal(), standing, "", WallTime(9s), {});
  EXPECT_EQ(up.kind, "target_reachable");
  EXPECT_EQ(up.text, "ozg (https://[fe80::1]/form) answers: 8 of 10 probes");
}

TEST(ProbeEvents, OnlyWhoDoesNotAnswerDoesNotAnswer) {
  EXPECT_EQ(text(hall(), Outcome::lost, ""), "hal (icmp 10.2.0.1) does not answer: lost");
  EXPECT_EQ(text(hall(), Outcome::unreachable, ""),
            "hal (icmp 10.2.0.1) does not answer: unreachable");
  EXPECT_EQ(text(hall(), Outcome::refused, ""), "hal (icmp 10.2.0.1) does not answer: refused");
  EXPECT_EQ(text(test::portal(), Outcome::wrong, "HTTP status 500"),
            "ozg (https://[fe80::1]/form) answers wrongly: HTTP status 500");
  EXPECT_EQ(text(test::portal(), Outcome::insecure, ""),
            "ozg (https://[fe80::1]/form) answers, but is not to be trusted");
  EXPECT_EQ(text(hall(), Outcome::local, ""),
            "hal (icmp 10.2.0.1) is not probed: this host cannot");
  EXPECT_EQ(text(hall(), Outcome::unresolved, "no such name"),
            "hal (icmp 10.2.0.1) is not probed: its name does not resolve: no such name");
}

TEST(ProbeEvents, AnotherReasonIsAnEventOfTheSameKindAndAlwaysNews) {
  const Event event = to_event(CollectorName("mesh"), hall(), failed(Outcome::unreachable), "",
                               WallTime(9s), {}, Outcome::lost);
  EXPECT_EQ(event.kind, "target_unreachable");
  EXPECT_EQ(event.text, "hal (icmp 10.2.0.1) does not answer: unreachable (before: lost)");
  EXPECT_EQ(event.details, (decltype(event.details){{"probe", "mesh"},
                                                    {"target", "hal"},
                                                    {"type", "icmp"},
                                                    {"address", "10.2.0.1"},
                                                    {"reason", "unreachable"},
                                                    {"reason_before", "lost"}}));
  EXPECT_FALSE(event.state);
}

TEST(ToldReason, TheFirstAtOnceAndThenOnlyWhatLasts) {
  Instant now = Instant() + 1h;
  ToldReason reason;
  reason.begin(Outcome::lost);
  EXPECT_EQ(reason.changed(Outcome::lost, now), std::nullopt);
  EXPECT_EQ(reason.changed(Outcome::unreachable, now), Outcome::lost);
  EXPECT_EQ(reason.changed(Outcome::unreachable, now), std::nullopt);
  for (int i = 0; i < 1000; ++i) {  // a router that limits what it says
    now += 10s;
    EXPECT_EQ(reason.changed(i % 2 != 0 ? Outcome::unreachable : Outcome::lost, now), std::nullopt);
  }
  EXPECT_EQ(reason.changed(Outcome::wrong, now), std::nullopt);
  EXPECT_EQ(reason.changed(Outcome::wrong, now), Outcome::unreachable);
  EXPECT_EQ(reason.changed(Outcome::lost, now), std::nullopt);
  EXPECT_EQ(reason.changed(Outcome::lost, now + ToldReason::kHold - 1ns), std::nullopt);
  EXPECT_EQ(reason.changed(Outcome::lost, now + ToldReason::kHold), Outcome::wrong);
  reason.begin(Outcome::lost);  // another outage
  EXPECT_EQ(reason.changed(Outcome::refused, now), Outcome::lost);
}

TEST(ProbeEvents, AUrlIsShownWithoutWhatMayBeSecret) {
  EXPECT_EQ(shown_url("http://10.0.0.1"), "http://10.0.0.1");
  EXPECT_EQ(shown_url("http://10.0.0.1?token=x"), "http://10.0.0.1");
  EXPECT_EQ(shown_url("https://a:b@portal.example:8443/x@y"), "https://portal.example:8443/x@y");
  EXPECT_EQ(shown_url("https://portal.example/" + std::string(500, 'x')).size(), 200U);
}

TEST(ProbeEvents, TlsInPlainWords) {
  EXPECT_EQ(tls_problem("OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number"),
            "no TLS is spoken there");
  EXPECT_EQ(tls_problem("OpenSSL/3.0.19: error:0A0000C6:SSL routines::packet length too long"),
            "no TLS is spoken there");
  EXPECT_EQ(
      tls_problem("OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 alert protocol version"),
      "no version of TLS in common");
  EXPECT_EQ(
      tls_problem("OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure"),
      "TLS: sslv3 alert handshake failure");
  EXPECT_EQ(tls_problem("SSL certificate problem: certificate has expired"),
            "SSL certificate problem: certificate has expired");
  EXPECT_EQ(tls_problem("x:SSL routines:"), "TLS: ");
}

}  // namespace
}  // namespace itnxt::probe
