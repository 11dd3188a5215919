// Shipped profiles whose tables no recording has, against devices made up by their MIBs.
#include <gtest/gtest.h>

#include <set>

#include "collectors/snmp/profile/evaluate.hpp"
#include "daemon/metrics/catalogue.hpp"
#include "tests/collectors/snmp/profile_agent.hpp"

namespace itnxt::snmp {
namespace {

using itnxt::test::Recording;

class Made {
 public:
  Made& add(const std::string& oid, const char* tag, const std::string& value) {
    device_.add(oid, tag, value);
    return *this;
  }
  // Rows of a table: column number → value, as INTEGER.
  Made& row(const std::string& entry, const std::string& index,
            std::initializer_list<std::pair<int, std::int64_t>> cells, const char* tag = "2") {
    for (const auto& [column, value] : cells) {
      add(entry + '.' + std::to_string(column) + '.' + index, tag, std::to_string(value));
    }
    return *this;
  }
  std::string lines(const char* profile, const DeviceSample& poll = {}) const {
    ProfilePolls polls(test::shipped(), 60s);
    const auto driven = test::drive(polls, poll, test::serve(device_, 100));
    EXPECT_EQ(driven.problem, "");
    return test::lines(driven.samples, profile);
  }

 private:
  Recording device_;
};

TEST(ShippedProfiles, BgpPeers) {
  const std::string peer = "1.3.6.1.2.1.15.3.1";
  Made device;
  device.row(peer, "192.0.2.1", {{2, 6}, {3, 2}, {9, 65001}});
  device.row(peer, "192.0.2.1", {{10, 5}, {11, 7}, {15, 3}}, "65");
  device.row(peer, "192.0.2.1", {{16, 3600}}, "66");
  device.add(peer + ".5.192.0.2.1", "64x", "c0000202");
  device.row(peer, "192.0.2.9", {{2, 1}, {3, 1}, {9, 23456}, {16, 10}});
  EXPECT_EQ(device.lines("bgp4"),
            "itnxt_bgp_peer_up{peer=192.0.2.1} 1\n"
            "itnxt_bgp_peer_up{peer=192.0.2.9} 0\n"
            "itnxt_bgp_peer_admin_up{peer=192.0.2.1} 1\n"
            "itnxt_bgp_peer_admin_up{peer=192.0.2.9} 0\n"
            "itnxt_bgp_peer_established_transitions_total{peer=192.0.2.1} 3\n"
            "itnxt_bgp_peer_established_seconds{peer=192.0.2.1} 3600\n"
            "itnxt_bgp_peer_receive_updates_total{peer=192.0.2.1} 5\n"
            "itnxt_bgp_peer_transmit_updates_total{peer=192.0.2.1} 7\n"
            "itnxt_bgp_peer_info{peer=192.0.2.1,remote_as=65001,local_address=192.0.2.2} 1\n"
            "itnxt_bgp_peer_info{peer=192.0.2.9,remote_as=,local_address=} 1\n");
}

TEST(ShippedProfiles, CiscoSensorsWithTheirThresholds) {
  const std::string sensor = "1.3.6.1.4.1.9.9.91.1.1.1.1";
  const std::string threshold = "1.3.6.1.4.1.9.9.91.1.2.1.1";
  Made device;
  device.add("1.3.6.1.2.1.47.1.1.1.1.7.11", "4", "Te1/1 Receive Power Sensor");
  device.add("1.3.6.1.2.1.47.1.1.1.1.7.12", "4", "Te1/1 Module Temperature Sensor");
  device.row(sensor, "11", {{1, 14}, {2, 9}, {3, 1}, {4, -33}, {5, 1}});
  device.row(sensor, "12", {{1, 8}, {2, 8}, {3, 0}, {4, 31500}, {5, 1}});
  device.row(sensor, "13", {{1, 8}, {2, 9}, {3, 0}, {4, 99}, {5, 2}});            // unavailable
  device.row(sensor, "14", {{1, 14}, {2, 9}, {3, 1}, {4, -2147483648}, {5, 1}});  // sentinel
  device.row(threshold, "11.1", {{2, 20}, {3, 4}, {4, 35}});
  device.row(threshold, "11.2", {{2, 20}, {3, 2}, {4, -180}});
  device.row(threshold, "12.1", {{2, 30}, {3, 3}, {4, 75000}});
  device.row(threshold, "13.1", {{2, 30}, {3, 3}, {4, 75}});
  // The standard table of such a device is left alone.
  device.row("1.3.6.1.2.1.99.1.1.1", "11", {{1, 8}, {2, 9}, {3, 0}, {4, 5}, {5, 1}});
  EXPECT_EQ(
      device.lines("cisco_entity_sensor"),
      "itnxt_sensor_operational{sensor=Te1/1 Receive Power Sensor} 1\n"
      "itnxt_sensor_operational{sensor=Te1/1 Module Temperature Sensor} 1\n"
      "itnxt_sensor_operational{sensor=entPhysicalIndex 13} 0\n"
      "itnxt_sensor_operational{sensor=entPhysicalIndex 14} 1\n"
      "itnxt_sensor_celsius{sensor=Te1/1 Module Temperature Sensor} 31.5\n"
      "itnxt_sensor_dbm{sensor=Te1/1 Receive Power Sensor} -3.3\n"
      "itnxt_sensor_threshold_celsius{sensor=Te1/1 Module Temperature Sensor,severity=critical,"
      "relation=above,threshold=1} 75\n"
      "itnxt_sensor_threshold_dbm{sensor=Te1/1 Receive Power Sensor,severity=major,"
      "relation=at_or_above,threshold=1} 3.5\n"
      "itnxt_sensor_threshold_dbm{sensor=Te1/1 Receive Power Sensor,severity=major,"
      "relation=at_or_below,threshold=2} -18\n");
  EXPECT_EQ(device.lines("entity_sensor"), "");
}

TEST(ShippedProfiles, JuniperOptics) {
  const std::string dom = "1.3.6.1.4.1.2636.3.60.1.1.1.1";
  DeviceSample poll;
  poll.sys_object_id = "1.3.6.1.4.1.2636.1.1.1.2.21";
  poll.interfaces.resize(1);
  poll.interfaces[0].if_index = 512;
  poll.interfaces[0].if_name = "xe-0/0/0";
  Made device;
  device.row(dom, "512", {{5, -1234}, {6, 35000}, {7, 0}, {8, 28}, {9, 50}, {10, -2300}, {21, 75}});
  device.row("1.3.6.1.4.1.2636.3.60.1.2.1.1", "512.3", {{6, -250}});
  EXPECT_EQ(device.lines("juniper_dom", poll),
            "itnxt_sensor_dbm{sensor=xe-0/0/0 receive power} -12.34\n"
            "itnxt_sensor_dbm{sensor=xe-0/0/0 lane 3 receive power} -2.5\n"
            "itnxt_sensor_amperes{sensor=xe-0/0/0 bias current} 0.035\n"
            "itnxt_sensor_celsius{sensor=xe-0/0/0 temperature} 28\n"
            "itnxt_sensor_threshold_dbm{sensor=xe-0/0/0 receive power,severity=major,"
            "relation=above,threshold=high_alarm} 0.5\n"
            "itnxt_sensor_threshold_dbm{sensor=xe-0/0/0 receive power,severity=major,"
            "relation=below,threshold=low_alarm} -23\n"
            "itnxt_sensor_threshold_celsius{sensor=xe-0/0/0 temperature,severity=major,"
            "relation=above,threshold=high_alarm} 75\n");
}

TEST(ShippedProfiles, SensorsOfTheStandardTable) {
  const std::string sensor = "1.3.6.1.2.1.99.1.1.1";
  Made device;
  for (const char* i : {"1", "2", "3", "4", "5"}) {
    device.add(std::string("1.3.6.1.2.1.47.1.1.1.1.2.") + i, "4", "same");
  }
  device.row(sensor, "1", {{1, 6}, {2, 8}, {3, 4}, {4, 10000}, {5, 1}});  // 1.0000 mW
  device.row(sensor, "2", {{1, 6}, {2, 8}, {3, 4}, {4, 0}, {5, 1}});      // dark
  device.row(sensor, "3", {{1, 9}, {2, 9}, {3, 0}, {4, 45}, {5, 1}});
  device.row(sensor, "4", {{1, 8}, {2, 9}, {3, 0}, {4, 1000000000}, {5, 1}});
  device.row(sensor, "5", {{1, 8}, {2, 99}, {3, 0}, {4, 5}, {5, 1}});  // no scale
  EXPECT_EQ(device.lines("entity_sensor"),
            "itnxt_sensor_operational{sensor=same} 1\n"
            "itnxt_sensor_operational{sensor=same#2} 1\n"
            "itnxt_sensor_operational{sensor=same#3} 1\n"
            "itnxt_sensor_operational{sensor=same#4} 1\n"
            "itnxt_sensor_operational{sensor=same#5} 1\n"
            "itnxt_sensor_watts{sensor=same} 0.001\n"
            "itnxt_sensor_watts{sensor=same#2} 0\n"
            "itnxt_sensor_humidity_ratio{sensor=same} 0.45\n"
            "itnxt_sensor_dbm{sensor=same} 0\n");
}

TEST(ShippedProfiles, TextOfDevicesIsMadeHarmless) {
  Made device;
  device.add("1.0.8802.1.1.2.1.4.1.1.5.0.7.1", "4x", "001b21aabbcc");
  device.add("1.0.8802.1.1.2.1.4.1.1.9.0.7.1", "4x", "53747261df650a1b5b31");
  EXPECT_EQ(device.lines("lldp"),
            "itnxt_lldp_neighbor_info{port=lldpLocPortNum 7,port_description=,neighbor=Straße [1,"
            "neighbor_chassis=00:1b:21:aa:bb:cc,neighbor_port=,neighbor_port_description=} 1\n");
}

TEST(ShippedProfiles, NoFamilyIsOneOfTheAggregatorsOwn) {
  std::set<std::string_view> own;
  for (const MetricInfo& metric : catalogue()) own.insert(family_base(metric.name));
  EXPECT_GE(test::shipped().size(), 8U);
  for (const Profile& profile : test::shipped()) {
    EXPECT_FALSE(profile.metrics.empty()) << profile.name;
    for (const ProfileMetric& metric : profile.metrics) {
      EXPECT_FALSE(own.contains(family_base(metric.family.name))) << metric.family.name;
    }
  }
}

TEST(Packing, ALargeFamilyIsCutAndSaysSo) {
  Evaluated evaluated;
  for (const char* name : {"itnxt_a", "itnxt_b", "itnxt_c"}) {
    SeriesFamily family{name, SeriesType::gauge, "Help.", {"l"}, {}};
    const int rows = name[6] == 'b' ? 1000 : 20;
    for (int i = 0; i < rows; ++i) family.rows.push_back({{std::to_string(i)}, 1.0});
    evaluated.families.push_back(family);
  }
  const auto samples = pack(evaluated, 2000);
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_FALSE(samples[0].partial);
  EXPECT_TRUE(samples[1].partial);
  EXPECT_FALSE(samples[2].partial);
  for (const SeriesSample& sample : samples) EXPECT_LE(wire_size(sample), 2000U + 48U);
}

}  // namespace
}  // namespace itnxt::snmp
