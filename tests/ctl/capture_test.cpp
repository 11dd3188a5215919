// What itnxtctl capture makes of an analysis.
#include "daemon/ctl/capture.hpp"

#include <gtest/gtest.h>

#include "daemon/ctl/json.hpp"

namespace itnxt::ctl {
namespace {

using namespace std::chrono_literals;

Captured sample() {
  Captured captured;
  captured.file = "a\x1b[31m.pcap";
  captured.first = WallTime(1'700'000'000s);
  captured.last = WallTime(1'700'000'001'500ms);
  auto& unknown = captured.sample.traffic[static_cast<std::size_t>(Direction::unknown)];
  unknown[static_cast<std::size_t>(Protocol::tcp)] = {Packets(1500), Bytes(75'000)};
  unknown[static_cast<std::size_t>(Protocol::gre)] = {Packets(1), Bytes(25'000)};
  captured.sample.malformed[static_cast<std::size_t>(Malformed::bad_length)] = Packets(2);
  captured.families = {{"itnxt_capture_vlan_packets_total",
                        SeriesType::counter,
                        "P.",
                        {"vlan"},
                        {{{"7"}, std::uint64_t{5}}, {{"other"}, std::uint64_t{1}}}},
                       {"itnxt_capture_vlan_bytes_total",
                        SeriesType::counter,
                        "B.",
                        {"vlan"},
                        {{{"7"}, std::uint64_t{500}}, {{"other"}, std::uint64_t{60}}}},
                       {"itnxt_capture_loss_ratio", SeriesType::gauge, "L.", {}, {{{}, 0.125}}},
                       {"itnxt_capture_rtt_seconds",
                        SeriesType::histogram,
                        "R.",
                        {"side"},
                        {{{"lan"}, Histogram({3, 3, 4}, 2.5)}},
                        {0.01, 0.5}},
                       {"itnxt_capture_nothing_total", SeriesType::counter, "N.", {"x"}, {}}};
  Event event;
  event.wall = captured.first;
  event.kind = "broadcast_storm_began";
  event.text = "a broadcast storm rages";
  captured.events = {event};
  return captured;
}

// With plain spaces between groups of digits.
std::string plain(std::string text) {
  constexpr std::string_view kThin = "\u2009";
  for (std::size_t at = 0; (at = text.find(kThin, at)) != std::string::npos; ++at) {
    text.replace(at, kThin.size(), " ");
  }
  return text;
}

TEST(CaptureText, ShowsWhateverTheAnalysisTells) {
  EXPECT_EQ(plain(capture_text(sample(), {})),
            "a [31m.pcap: 1 501 packets, 100 000 bytes from 2023-11-14T22:13:20.000Z to "
            "2023-11-14T22:13:21.500Z\n"
            "\n"
            "DIRECTION  PROTOCOL  PACKETS   BYTES  SHARE\n"
            "unknown    tcp         1 500  75 000   75 %\n"
            "unknown    gre             1  25 000   25 %\n"
            "\n"
            "MALFORMED   PACKETS\n"
            "bad_length        2\n"
            "\n"
            "VLAN   VLAN PACKETS  VLAN BYTES\n"
            "7                 5         500\n"
            "other             1          60\n"
            "\n"
            "LOSS RATIO\n"
            "     0.125\n"
            "\n"
            "RTT SECONDS SIDE=LAN  COUNT\n"
            "to 0.01                   3\n"
            "above 0.5                 1\n"
            "\n"
            "2023-11-14T22:13:20.000Z a broadcast storm rages\n");
}

// Of what a file has not, nothing is said; who talked in it is told by address.
TEST(CaptureText, TellsWhoTalksAndNothingOfWhatIsNotThere) {
  Captured captured;
  captured.file = "one.pcap";
  captured.sample.traffic[0][0] = {Packets(1), Bytes(60)};
  captured.families = {{"itnxt_capture_giant_packets_total",
                        SeriesType::counter,
                        "G.",
                        {},
                        {{{}, std::uint64_t{0}}}},
                       {"itnxt_capture_rtt_seconds",
                        SeriesType::histogram,
                        "R.",
                        {},
                        {{{}, Histogram({0, 0}, 0)}},
                        {0.5}}};
  captured.talkers.packets = 1;
  captured.talkers.bytes = 60;
  captured.talkers.sources = captured.talkers.destinations = captured.talkers.flows = 1;
  captured.talkers.networks = {{"10.1.2.0/24", {}, 60, 0, 1, 0}};
  captured.talkers.heaviest = {
      {{{{"10.1.2.3", {}, 40000, 60}, {"10.2.0.1", {}, 443, 0}}}, 6, 1, 0}};
  const std::string text = plain(capture_text(captured, {}));
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "one.pcap: 1 packet, 60 bytes from 1970-01-01T00:00:00.000Z to "
            "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text.find("GIANT"), std::string::npos);
  EXPECT_EQ(text.find("RTT"), std::string::npos);
  EXPECT_NE(text.find("\ntalkers (all of the file): 60 B in 1 packets, 1 flows of 1 sources to 1 "
                      "destinations\n\nNETWORK"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("tcp   10.1.2.3 :40000  -       10.2.0.1 :443"), std::string::npos) << text;
  const Json data = capture_json(captured);
  EXPECT_EQ(data["talkers"]["flows"][0]["a"]["host"], "10.1.2.3");
  EXPECT_EQ(data["series"][0]["value"], 0);  // a program may ask for it
}

TEST(CaptureText, OfAnEmptyFile) {
  Captured captured;
  captured.file = "none.pcap";
  EXPECT_EQ(capture_text(captured, {}), "none.pcap: 0 packets, 0 bytes\n");
  EXPECT_FALSE(capture_json(captured).contains("first"));
}

TEST(CaptureJson, IsTheSameAsData) {
  const Json data = capture_json(sample());
  EXPECT_EQ(data["packets"], 1501);
  EXPECT_EQ(data["bytes"], 100'000);
  EXPECT_EQ(data["last"], "2023-11-14T22:13:21.500Z");
  EXPECT_EQ(data["traffic"][1].dump(),
            R"({"bytes":25000,"direction":"unknown","packets":1,"protocol":"gre"})");
  EXPECT_EQ(data["malformed"]["bad_length"], 2);
  ASSERT_EQ(data["series"].size(), 6U);
  EXPECT_EQ(data["series"][1].dump(),
            R"({"labels":{"vlan":"other"},"name":"itnxt_capture_vlan_packets_total","value":1})");
  EXPECT_EQ(data["series"][5].dump(),
            R"({"bounds":[0.01,0.5],"counts":[3,3,4],"labels":{"side":"lan"},)"
            R"("name":"itnxt_capture_rtt_seconds","sum":2.5})");
  EXPECT_EQ(data["events"][0]["kind"], "broadcast_storm_began");
}

}  // namespace
}  // namespace itnxt::ctl
