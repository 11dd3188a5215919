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
