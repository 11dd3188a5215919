// What operators see, whole: tables of the fixtures in tests/ctl/data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "daemon/ctl/events.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/views.hpp"

namespace itnxt::ctl {
namespace {

Json fixture(const std::string& name) {
  std::ifstream in(std::string(ITNXT_SOURCE_DIR) + "/tests/ctl/data/" + name + ".json");
  std::stringstream text;
  text << in.rdbuf();
  auto data = parse_answer(text.str());
  EXPECT_TRUE(data) << name << ": " << data.error();
  return data ? data->at("data") : Json();
}

std::optional<WallTime> now() {
  return time_of(fixture("status"), "now");
}

const Style kPlain{};

TEST(Verbs, Links) {
  EXPECT_EQ(links_table(fixture("links"), kPlain),
            "LINK           STATE          A → B  UTIL        B → A   UTIL    CAPACITY  CLASS     "
            "A                            B\n"
            "md-hal-1       up       9.50 Gbit/s  95 %  43.0 Mbit/s  0.4 %   10 Gbit/s  backbone  "
            "md-core-1 Te0/0/1            hal-core-1 Te0/0/3\n"
            "md-sdl-1       down               -     -            -      -    1 Gbit/s  backbone  "
            "md-core-1 Gi0/1              sdl-core-1 Gi0/1 (down)\n"
            "schule-straße  up           0 bit/s     -    792 bit/s      -           -  access    "
            "md-core-1 Straße [31m 2J #1  -\n"
            "x-ray          unknown            -     -            -      -  2.5 Gbit/s  access    "
            "hal-core-1 Gi0/9 (unknown)   -\n");
}

TEST(Verbs, Devices) {
  EXPECT_EQ(devices_table(fixture("devices"), now(), kPlain),
            "DEVICE      STATE  SITE       UPTIME     IF UP     POLL  LAST ANSWER  PROBLEM\n"
            "hal-core-1  up     halle       3d 4h  23 of 24    42 ms       2s ago\n"
            "md-core-1   stale  magdeburg       -         -  2000 ms       5m ago  partial: 40 of "
            "48 rows\n"
            "sdl-core-1  down                   -         -  6000 ms        never  10.3.0.1:161: "
            "no answer within 2s after 3 tries\n");
}

TEST(Verbs, Events) {
  EXPECT_EQ(
      events_table(fixture("events"), EventOrder::newest_first, kPlain),
      "TIME (UTC)           NODE       COLLECTOR  KIND               DEVICE      STATE        "
      "    TEXT\n"
      "2026-11-23 12:29:58  md-core-1  traps      interface_down     sdl-core-1  Te0/0/1 down "
      "    linkDown trap, confirmed by a poll\n"
      "2026-11-23 12:29:50  md-core-1  snmp       device_silent      hal-core-1  does not "
      "answer\n"
      "2026-11-23 12:29:40  central    -          collector_refused  -           -            "
      "    a message of a collector was refused\n");
  EXPECT_EQ(events_table(Json::array(), EventOrder::newest_first, kPlain), "no events\n");
}

// An event that was reported later than another one that happened after it.
TEST(Verbs, EventsStandByTheTimeThatIsShown) {
  const Json events = Json::parse(R"([
    {"id": 4, "time": "2026-11-23T12:00:10Z", "node": "md", "kind": "flood_started"},
    {"id": 3, "time": "2026-11-23T12:00:30Z", "node": "md", "kind": "flood_ended"},
    {"id": 2, "time": "2026-11-23T12:00:10Z", "node": "md", "kind": "earlier_id"},
    {"id": 1, "node": "md", "kind": "timeless"}])");
  const auto kinds = [&](EventOrder order) {
    const std::string table = events_table(events, order, kPlain);
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const char* kind : {"flood_started", "flood_ended", "earlier_id", "timeless"}) {
      found.emplace_back(table.find(kind), kind);
    }
    std::ranges::sort(found);
    std::vector<std::string> names;
    for (auto& [at, name] : found) names.push_back(std::move(name));
    return names;
  };
  std::vector<std::string> expected = {"flood_ended", "flood_started", "earlier_id", "timeless"};
  EXPECT_EQ(kinds(EventOrder::newest_first), expected);
  std::ranges::reverse(expected);
  EXPECT_EQ(kinds(EventOrder::oldest_first), expected);
}

// What the aggregator did not believe is not to be read as what is so.
TEST(Verbs, EventsThatWereRefusedSaySo) {
  Json events = fixture("events");
  for (Json& event : events) event["refused"] = true;
  EXPECT_EQ(
      events_table(events, EventOrder::newest_first, kPlain),
      "TIME (UTC)           NODE       COLLECTOR  KIND               DEVICE      STATE            "
      "          TEXT\n"
      "2026-11-23 12:29:58  md-core-1  traps      interface_down     sdl-core-1  Te0/0/1 down "
      "(refused)     linkDown trap, confirmed by a poll\n"
      "2026-11-23 12:29:50  md-core-1  snmp       device_silent      hal-core-1  does not answer "
      "(refused)\n"
      "2026-11-23 12:29:40  central    -          collector_refused  -           refused          "
      "          a message of a collector was refused\n");
}

// As the aggregator answers: events 1 … `last`, a page.
Result<Json> page_of_events(const std::string& name, std::uint64_t last) {
  unsigned long long since = 0;
  unsigned long long limit = 0;
  if (std::sscanf(name.c_str(), "events?since=%llu&limit=%llu", &since, &limit) != 2) {
    return Error{"another name: " + name};
  }
  Json data = Json::array();
  for (std::uint64_t id = since + 1; id <= last && data.size() < limit; ++id) {
    data.push_back({{"id", id}});
  }
  const std::uint64_t next = data.empty() ? since : data.back()["id"].get<std::uint64_t>();
  return Json{{"data", data}, {"next", next}, {"more", next < last}, {"missed", since == 7}};
}

TEST(Verbs, EventsBehindAnIdAreReadPageByPage) {
  std::vector<std::string> asked;
  const auto page_of = [&](const std::string& name) {
    asked.push_back(name);
    return page_of_events(name, 2507);
  };
  const auto all = events_behind(page_of, 7, 1'000'000);
  ASSERT_TRUE(all) << all.error();
  ASSERT_EQ(all->events.size(), 2500U);
  for (std::size_t i = 0; i < 2500; ++i) ASSERT_EQ(all->events[i]["id"], i + 8);
  EXPECT_EQ(all->next, 2507U);
  EXPECT_TRUE(all->missed);
  EXPECT_EQ(asked,
            (std::vector<std::string>{"events?since=7&limit=1000", "events?since=1007&limit=1000",
                                      "events?since=2007&limit=1000"}));
  const auto some = events_behind(page_of, 2000, 3);
  ASSERT_TRUE(some) << some.error();
  EXPECT_EQ(some->events.size(), 3U);
  EXPECT_EQ(some->next, 2003U);
  EXPECT_FALSE(some->missed);
}

TEST(Verbs, PagesOfEventsThatDoNotGoOnEndIt) {
  for (const Json& answer : {Json{{"data", Json::array()}, {"next", 5}, {"more", true}},
                             Json{{"data", Json::array()}, {"next", 4}, {"more", true}},
                             Json{{"data", Json::array()}}}) {
    const auto all = events_behind([&](const std::string&) { return Result<Json>(answer); }, 5, 10);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error(),
              "the pages of events do not go on behind id 5: an aggregator of another version? Ask "
              "without --since");
  }
}

TEST(Verbs, Talkers) {
  EXPECT_EQ(talkers_table(fixture("talkers"), kPlain),
            "tap (the last 10 s): 9.88 MB in 12\u2009"
            "345 packets, 678 flows of 123 sources to 45 destinations\n"
            "\n"
            "NETWORK       SITE      SENT  RECEIVED  PACKETS   MISSED\n"
            "10.1.2.0/24   halle  7.00 MB    200 kB    9\u2009"
            "000      0 B\n"
            "192.0.2.0/24  -        900 B       0 B        9  1.50 kB\n"
            "\n"
            "FLOW  A                                SITE A  B                               SITE B "
            "  A SENT   B SENT  PACKETS  MISSED\n"
            "tcp   10.1.2.0/24 3f9a41c07be2 :50000  halle   192.0.2.0/24 00aa41c07be2 :443  -      "
            " 1.00 kB  6.50 MB    5\u2009"
            "000     0 B\n"
            "icmp  10.1.2.0/24 3f9a41c07be2         halle   192.0.2.0/24 00aa41c07be2       -      "
            "   840 B    840 B       20    84 B\n"
            "\n"
            "old (all of the file): 0 B in 0 packets, 0 flows of 0 sources to 0 destinations\n");
  EXPECT_EQ(talkers_table(Json::array(), kPlain), "no capture has told of talkers\n");
}

TEST(Verbs, Alerts) {
  EXPECT_EQ(
      alerts_table(fixture("alerts"), now(), kPlain),
      "SEVERITY  STATE       ALERT          SUBJECT               FOR  SINCE (UTC)          "
      "SUMMARY\n"
      "critical  firing      LinkDown       link md-sdl-1      5m 13s  2026-11-23 12:24:47  Link "
      "md-sdl-1 is down.\n"
      "critical  suppressed  DeviceDown     device sdl-core-1  5m 10s  2026-11-23 12:24:50  Device "
      "sdl-core-1 does not answer.\n"
      "warning   pending     LinkSaturated  link md-hal-1          1m  2026-11-23 12:29:00\n");
}

TEST(Verbs, Status) {
  EXPECT_EQ(status_text(fixture("status"), fixture("alerts"), kPlain),
            "itnxt 0.1.0 (abc1234) on md-core-1, up 3d 4h, ready\n"
            "crisis    normal\n"
            "devices   2 of 3 up\n"
            "links     2 of 4 up, 1 down, 1 unknown\n"
            "alerts    1 firing, 1 pending, 1 suppressed\n"
            "series    12\u2009345, 0 refused\n"
            "channels  ops-am: 1\u2009234 delivered, 0 failed, 0 refused, 0 waiting\n"
            "          ops-hook: 7 delivered, 2 failed, 1 refused, 3 waiting\n"
            "\n"
            "SEVERITY  STATE   ALERT     SUBJECT           FOR  SINCE (UTC)          SUMMARY\n"
            "critical  firing  LinkDown  link md-sdl-1  5m 13s  2026-11-23 12:24:47  Link md-sdl-1 "
            "is down.\n"
            "… 2 more: itnxtctl alerts\n");
}

TEST(Verbs, StatusInTrouble) {
  Json status = fixture("status");
  status["ready"] = false;
  status["crisis"] = "crisis";
  status["storage_problem"] = "/var/lib/itnxt: No space left on device";
  status["channels"] = Json::array();
  EXPECT_EQ(status_text(status, Json::array(), kPlain),
            "itnxt 0.1.0 (abc1234) on md-core-1, up 3d 4h, not ready\n"
            "crisis    crisis\n"
            "devices   2 of 3 up\n"
            "links     2 of 4 up, 1 down, 1 unknown\n"
            "alerts    1 firing, 1 pending, 1 suppressed\n"
            "series    12\u2009345, 0 refused\n"
            "storage   /var/lib/itnxt: No space left on device\n");
}

TEST(Verbs, StatusWithoutAnInventory) {
  Json status = fixture("status");
  status["devices"] = {{"total", 0}, {"up", 0}, {"unknown", 0}};
  status["links"] = {{"total", 0}, {"up", 0}, {"down", 0}, {"unknown", 0}};
  const std::string text = status_text(status, Json::array(), kPlain);
  EXPECT_NE(text.find("devices   none configured\nlinks     none configured\n"), std::string::npos)
      << text;
}

TEST(Verbs, StatusRightAfterStart) {
  const auto devices_of = [](const Json& status) {
    const std::string text = status_text(status, Json::array(), kPlain);
    const std::size_t at = text.find("devices");
    return text.substr(at, text.find('\n', at) - at);
  };
  Json status = fixture("status");
  status["devices"] = {{"total", 1}, {"up", 0}};
  const Json devices = Json::parse(R"([{"name": "localhost", "up": null}])");
  EXPECT_EQ(devices_of(with_unknown_devices(status, devices)), "devices   0 of 1 up, 1 unknown");
  status["devices"] = {{"total", 3}, {"up", 1}, {"unknown", 1}};
  EXPECT_EQ(devices_of(status), "devices   1 of 3 up, 1 unknown");
  status["devices"]["unknown"] = 0;
  EXPECT_EQ(devices_of(status), "devices   1 of 3 up");
  EXPECT_EQ(with_unknown_devices(Json(), devices), Json());
  EXPECT_NE(watch_frame(with_unknown_devices(fixture("status"), devices), Json::array(), 50, kPlain)
                .find("devices 2 of 3 up, 1 unknown · links"),
            std::string::npos);
}

TEST(Verbs, StatusShowsAtMostTenAlerts) {
  Json alerts = Json::array();
  for (int i = 0; i < 25; ++i) alerts.push_back(fixture("alerts")[0]);
  const std::string text = status_text(fixture("status"), alerts, kPlain);
  EXPECT_TRUE(text.ends_with("… 15 more: itnxtctl alerts\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8 + 1 + 1 + 10 + 1);
}

TEST(Verbs, ANarrowTerminalHasWhatMattersAtNight) {
  const Style narrow{false, 80, true};
  EXPECT_EQ(links_table(fixture("links"), narrow),
            "LINK           STATE          A → B  UTIL        B → A   UTIL  "
            "A                            B\n"
            "md-hal-1       up       9.50 Gbit/s  95 %  43.0 Mbit/s  0.4 %  "
            "md-core-1 Te0/0/1            hal-core-1 Te0/0/3\n"
            "md-sdl-1       down               -     -            -      -  "
            "md-core-1 Gi0/1              sdl-core-1 Gi0/1 (down)\n"
            "schule-straße  up           0 bit/s     -    792 bit/s      -  "
            "md-core-1 Straße [31m 2J #1  -\n"
            "x-ray          unknown            -     -            -      -  "
            "hal-core-1 Gi0/9 (unknown)   -\n");
  EXPECT_EQ(devices_table(fixture("devices"), now(), narrow),
            "DEVICE      STATE  LAST ANSWER  PROBLEM\n"
            "hal-core-1  up          2s ago\n"
            "md-core-1   stale       5m ago  partial: 40 of 48 rows\n"
            "sdl-core-1  down         never  10.3.0.1:161: no answer within 2s after 3 tries\n");
  EXPECT_EQ(alerts_table(fixture("alerts"), now(), narrow),
            "SEVERITY  STATE       ALERT          SUBJECT               FOR  SUMMARY\n"
            "critical  firing      LinkDown       link md-sdl-1      5m 13s  Link md-sdl-1 is "
            "down.\n"
            "critical  suppressed  DeviceDown     device sdl-core-1  5m 10s  Device sdl-core-1 "
            "does not answer.\n"
            "warning   pending     LinkSaturated  link md-hal-1          1m\n");
}

TEST(Verbs, NothingThere) {
  EXPECT_EQ(links_table(Json::array(), kPlain), "no links are configured\n");
  EXPECT_EQ(devices_table(Json::array(), now(), kPlain), "no devices are configured\n");
  EXPECT_EQ(alerts_table(Json::array(), now(), kPlain), "no alerts\n");
}

TEST(Verbs, AnotherVersionsServerReadsAsUnknown) {
  const Json odd = Json::parse(R"([{"name": 7, "up": "yes", "a": [], "a_to_b": 3}, 5, null])");
  EXPECT_EQ(links_table(odd, kPlain),
            "LINK  STATE    A → B  UTIL  B → A  UTIL  CAPACITY  CLASS  A  B\n"
            "      unknown      -     -      -     -         -         -  -\n"
            "      unknown      -     -      -     -         -         -  -\n"
            "      unknown      -     -      -     -         -         -  -\n");
  EXPECT_EQ(status_text(Json(), Json(), kPlain),
            "itnxt  () on , up -, not ready\n"
            "crisis    unknown\n"
            "devices   - of - up\n"
            "links     - of - up\n"
            "alerts    - firing, - pending, - suppressed\n"
            "series    -, - refused\n");
}

TEST(Verbs, ColourMarksWhatIsWrong) {
  const std::string text = links_table(fixture("links"), {true, std::nullopt});
  EXPECT_NE(text.find("\x1b[1;31mdown\x1b[0m"), std::string::npos);
  EXPECT_NE(text.find("\x1b[1;31msdl-core-1 Gi0/1 (down)\x1b[0m"), std::string::npos);
  EXPECT_NE(text.find("\x1b[33munknown\x1b[0m"), std::string::npos);
  EXPECT_NE(text.find("\x1b[32mup\x1b[0m"), std::string::npos);
}

TEST(Verbs, WatchShowsTheWorstFirst) {
  EXPECT_EQ(watch_frame(fixture("status"), fixture("links"), 50, {false, 72}),
            "itnxt 0.1.0 (abc1234) on md-core-1, up 3d 4h, ready\n"
            "crisis normal · devices 2 of 3 up · links 2 of 4 up, 1 down, 1 unknown …\n"
            "\n"
            "LINK           STATE          A → B  UTIL        B → A   UTIL  A\n"
            "md-sdl-1       down               -     -            -      -  md-core-…\n"
            "x-ray          unknown            -     -            -      -  hal-core…\n"
            "md-hal-1       up       9.50 Gbit/s  95 %  43.0 Mbit/s  0.4 %  md-core-…\n"
            "schule-straße  up           0 bit/s     -    792 bit/s      -  md-core-…\n");
}

TEST(Verbs, WatchFillsTheWindowAndNoMore) {
  const Json status = fixture("status"), links = fixture("links");
  const std::string whole = watch_frame(status, links, 8, kPlain);
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 8);
  EXPECT_EQ(whole.find("more links"), std::string::npos);
  const std::string cut_off = watch_frame(status, links, 7, kPlain);
  EXPECT_EQ(std::count(cut_off.begin(), cut_off.end(), '\n'), 7);
  EXPECT_TRUE(cut_off.ends_with("… 2 more links, none worse: itnxtctl links\n")) << cut_off;
}

TEST(Answer, SaysWhatIsWrong) {
  struct Row {
    std::string body, error;
  };
  const std::vector<Row> rows = {
      {"",
       "is no JSON: parse error at line 1, column 1: syntax error while parsing value - "
       "unexpected end of input; expected '[', '{', or a literal"},
      {R"({"status":"error","error":"no \u001b[2J"})", "is an error: no [2J"},
      {R"({"status":"success"})",
       R"(is not one of itnxt's API: no "status":"success" with "data")"},
      {"[]", R"(is not one of itnxt's API: no "status":"success" with "data")"},
      {std::string(1'000'000, '['), "is no JSON"},
      {R"({"status":"success","data":)" + std::string(40, '[') + std::string(40, ']') + "}",
       "is nested deeper than 32 levels"},
  };
  for (const Row& row : rows) {
    const auto data = parse_answer(row.body);
    ASSERT_FALSE(data);
    EXPECT_EQ(data.error().substr(0, row.error.size()), row.error);
  }
}

}  // namespace
}  // namespace itnxt::ctl
