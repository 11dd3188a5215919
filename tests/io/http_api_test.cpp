// The JSON as programs read it: whole texts.
#include <gtest/gtest.h>

#include "daemon/io/api.hpp"
#include "tests/metrics/sample_state.hpp"

namespace itnxt {
namespace {

std::string read(BodyReader body, std::size_t step = 100'000) {
  std::string text;
  std::string buffer(step, '\0');
  while (const std::size_t got = body(buffer.data(), buffer.size())) text.append(buffer, 0, got);
  return text;
}

std::string api(const std::string& endpoint, std::size_t step = 100'000,
                std::optional<std::string> device = std::nullopt) {
  const Published published{test::sample_snapshot(), test::sample_board(), true};
  const ServerInfo server{{"0.1.0", "abc"}, NodeName("center"), WallTime(Duration(1'600'000'000s))};
  auto body = api_body(endpoint, published, server, std::move(device));
  return body ? read(std::move(*body), step) : "none";
}

TEST(HttpApi, Links) {
  EXPECT_EQ(api("links"),
            R"({"status":"success","data":[{"name":"md-hal","class":"backbone",)"
            R"("site_a":"magdeburg","site_b":"halle","up":true,"capacity_bytes":125000000.0,)"
            R"("a":{"device":"r1","interface":"eth0","site":"magdeburg","up":true},)"
            R"("b":{"device":"r2","interface":"eth0","site":"halle","up":null},)"
            R"("a_to_b":{"bytes_per_second":12500000.0,"utilization_ratio":0.1},)"
            R"("b_to_a":{"bytes_per_second":31250000.0,"utilization_ratio":0.25}}]})"
            "\n");
}

TEST(HttpApi, Sites) {
  EXPECT_EQ(api("sites"),
            R"({"status":"success","data":[{"name":"magdeburg","kind":"datacenter",)"
            R"("district":"Magdeburg \"Stadt\"","department":"MID","latitude":52.1205,)"
            R"("longitude":11.6276,"weight":100.0,"anchor":true,)"
            R"("links":{"up":1,"down":0,"unknown":0},"isolated":false},)"
            "\n"
            R"({"name":"stendal","kind":"other","district":"","department":"","latitude":null,)"
            R"("longitude":null,"weight":1.0,"anchor":false,)"
            R"("links":{"up":0,"down":0,"unknown":0},"isolated":false}]})"
            "\n");
}

// A site is isolated when all its links are known to be down: one that is not known leaves hope.
TEST(HttpApi, IsolatedSites) {
  struct Row {
    std::vector<std::optional<bool>> links;
    const char* expected;
  };
  for (const Row& row : std::vector<Row>{
           {{false}, R"("links":{"up":0,"down":1,"unknown":0},"isolated":true)"},
           {{false, false}, R"("links":{"up":0,"down":2,"unknown":0},"isolated":true)"},
           {{false, std::nullopt}, R"("links":{"up":0,"down":1,"unknown":1},"isolated":false)"},
           {{false, true}, R"("links":{"up":1,"down":1,"unknown":0},"isolated":false)"}}) {
    auto snapshot = std::make_shared<Snapshot>();
    Site site;
    site.name = SiteName("stendal");
    snapshot->sites = {site};
    for (const std::optional<bool>& up : row.links) {
      LinkView link;
      link.a.site = site.name;  // both ends in one site: still one link of it
      link.b = link.a;
      link.up = up;
      snapshot->links.push_back(link);
    }
    EXPECT_NE(read(*api_body("sites", {snapshot, test::sample_board(), true}, {}, std::nullopt))
                  .find(row.expected),
              std::string::npos)
        << row.expected;
  }
}

TEST(HttpApi, Devices) {
  EXPECT_EQ(
      api("devices"),
      R"({"status":"success","data":[{"name":"r1","site":"magdeburg","node":"md","collector":"snmp",)"
      R"("up":true,"fresh":true,)"
      R"("uptime_seconds":3600.0,"sys_name":"r1.example","sys_descr":"Router OS \\ 1",)"
      R"("sys_object_id":"1.3.6.1.4.1.9","problem":"","poll_seconds":0.12,)"
      R"("last_success":"2023-11-14T22:13:20.000Z",)"
      R"("polls":{"ok":5,"partial":0,"timeout":1,"auth":0,"error":0},)"
      R"("interfaces":1,"interfaces_up":1},)"
      "\n"
      R"({"name":"r2","site":"","node":null,"collector":null,"up":null,"fresh":false,"uptime_seconds":null,"sys_name":"",)"
      R"("sys_descr":"","sys_object_id":"","problem":"","poll_seconds":0.0,"last_success":null,)"
      R"("polls":{"ok":0,"partial":0,"timeout":0,"auth":0,"error":0},)"
      R"("interfaces":0,"interfaces_up":0}]})"
      "\n");
}

TEST(HttpApi, Interfaces) {
  const std::string all =
      R"({"status":"success","data":[{"device":"r1","interface":"eth0","if_index":1,)"
      R"("alias":"Straße \"1\"","descr":"GigabitEthernet0/0/1","phys_address":null,)"
      R"("link":"md-hal","up":true,)"
      R"("admin_up":true,"speed_bytes":125000000.0,"receive_bytes_per_second":1500.5,)"
      R"("transmit_bytes_per_second":null,"errors_per_second":null,"discards_per_second":null,)"
      R"("gap":null}]})"
      "\n";
  EXPECT_EQ(api("interfaces"), all);
  EXPECT_EQ(api("interfaces", 3), all);
  EXPECT_EQ(api("interfaces", 1000, "r1"), all);
  EXPECT_EQ(api("interfaces", 1000, "r"), "{\"status\":\"success\",\"data\":[]}\n");
}

TEST(HttpApi, CapturesAndCollectors) {
  EXPECT_EQ(
      api("captures"),
      R"({"status":"success","data":[{"capture":"tap","node":"md","link":"md-hal","source":"eth1",)"
      R"("open":true,"packets":3,"bytes":1800,"dropped_packets":4,"malformed_packets":1,)"
      R"("coverage_ratio":0.975,)"
      R"("protocols":{"tcp":{"packets":3,"bytes":1800},"udp":{"packets":0,"bytes":0},)"
      R"("icmp":{"packets":0,"bytes":0},"icmpv6":{"packets":0,"bytes":0},)"
      R"("arp":{"packets":0,"bytes":0},"other":{"packets":0,"bytes":0},)"
      R"("sctp":{"packets":0,"bytes":0},"ospf":{"packets":0,"bytes":0},)"
      R"("gre":{"packets":0,"bytes":0},"ip_in_ip":{"packets":0,"bytes":0}}}]})"
      "\n");
  EXPECT_EQ(api("collectors"),
            R"({"status":"success","data":[{"node":"md","collector":"snmp",)"
            R"("last_batch":"2023-11-14T22:13:20.000Z","silent_seconds":2.0,)"
            R"("interval_seconds":60.0,"lost_batches":2,"lost_events":4,"backlog_batches":7,)"
            R"("spool_bytes":70000,"clock_skew_seconds":-0.25}]})"
            "\n");
}

TEST(HttpApi, Talkers) {
  EXPECT_EQ(api("talkers"), "{\"status\":\"success\",\"data\":[]}\n");
  auto snapshot = std::make_shared<Snapshot>();
  TalkersSample talkers;
  talkers.capture = CollectorName("tap");
  talkers.span = 10s;
  talkers.packets = 30;
  talkers.bytes = 4000;
  talkers.sources = 3;
  talkers.destinations = 2;
  talkers.flows = 5;
  talkers.networks = {{"10.1.2.0/24", SiteName("halle"), 1000, 2000, 20, 7}};
  talkers.heaviest = {
      {{TalkerEnd{"10.1.2.0/24 3f9a41c07be2", SiteName("halle"), 50000, 100},
        TalkerEnd{"192.0.2.0/24 00aa41c07be2", SiteName(), 443, 900}},
       6,
       12,
       0},
      {{TalkerEnd{"a", SiteName(), 0, 1}, TalkerEnd{"b", SiteName(), 0, 2}}, 89, 1, 3}};
  snapshot->captures.resize(2);
  snapshot->captures[1].node = NodeName("md");
  snapshot->captures[1].sample.link = LinkName("md-hal");
  snapshot->captures[1].talkers = std::make_shared<const TalkersSample>(talkers);
  EXPECT_EQ(
      read(*api_body("talkers", {snapshot, test::sample_board(), true}, {}, std::nullopt)),
      R"({"status":"success","data":[{"capture":"tap","node":"md","link":"md-hal",)"
      R"("seconds":10.0,"packets":30,"bytes":4000,)"
      R"("distinct":{"sources":3,"destinations":2,"flows":5},)"
      R"("networks":[{"network":"10.1.2.0/24","site":"halle","sent_bytes":1000,)"
      R"("received_bytes":2000,"packets":20,"missed_bytes":7}],)"
      R"("flows":[{"protocol":"tcp",)"
      R"("a":{"host":"10.1.2.0/24 3f9a41c07be2","site":"halle","port":50000,"sent_bytes":100},)"
      R"("b":{"host":"192.0.2.0/24 00aa41c07be2","site":null,"port":443,"sent_bytes":900},)"
      R"("packets":12,"missed_bytes":0},{"protocol":"89",)"
      R"("a":{"host":"a","site":null,"port":null,"sent_bytes":1},)"
      R"("b":{"host":"b","site":null,"port":null,"sent_bytes":2},)"
      R"("packets":1,"missed_bytes":3}]}]})"
      "\n");
}

TEST(HttpApi, AlertsAndCrisis) {
  EXPECT_EQ(api("alerts"),
            R"({"status":"success","data":[{"alert":"LinkDown","severity":"critical",)"
            R"("subject":"link md-hal","state":"firing","since":"2023-11-14T22:13:20.000Z",)"
            R"("labels":{"link":"md-hal"},"annotations":{"summary":"Link md-hal is down."}}]})"
            "\n");
  EXPECT_EQ(api("crisis"),
            "{\"status\":\"success\",\"data\":{\"state\":\"normal\",\"sites\":[]}}\n");
}

TEST(HttpApi, Status) {
  EXPECT_EQ(api("status"),
            R"({"status":"success","data":{"version":"0.1.0","revision":"abc","node":"center",)"
            R"("started":"2020-09-13T12:26:40.000Z","now":"2023-11-14T22:13:20.000Z",)"
            R"("ready":true,"series":77,"series_rejected":0,"storage_problem":"",)"
            R"("crisis":"normal","devices":{"total":2,"up":1},)"
            R"("links":{"total":1,"up":1,"down":0,"unknown":0},)"
            R"("alerts":{"pending":0,"firing":1,"suppressed":0},)"
            R"("channels":[{"name":"hook","delivered":2,"failed":0,"refused":0,"waiting":0}]}})"
            "\n");
}

TEST(HttpApi, NoSuchEndpoint) {
  EXPECT_EQ(api("site"), "none");
  EXPECT_EQ(api(""), "none");
}

}  // namespace
}  // namespace itnxt
