// The collector on savefiles that a test writes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/pcap/collector.hpp"
#include "tests/collectors/pcap/savefile.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"

namespace itnxt::pcap {

using test::Octets;
using test::Savefile;
using test::operator+;

class PcapCollector : public ::testing::Test {
 protected:
  void start(const std::string& file, const std::string& filter = "") {
    config_.name = CollectorName("tap");
    config_.interval = 10s;
    config_.file = file;
    config_.filter = filter;
    collector_ = make_pcap_collector(config_, {loop_, sink_, log_});
    collector_->start();
  }
  // Rounds of the loop until `count` samples are there.
  int rounds_until(std::size_t count) {
    int rounds = 0;
    while (samples().size() < count && rounds < 1000) {
      loop_.run_ready();
      ++rounds;
    }
    return rounds;
  }
  std::vector<CaptureSample> samples() const { return sink_.all<CaptureSample>(); }
  std::vector<bool> open_flags() const {
    std::vector<bool> flags;
    for (const CaptureSample& sample : samples()) flags.push_back(sample.open);
    return flags;
  }

  test::Folder folder_;
  itnxt::test::FakeLoop loop_;
  itnxt::test::RecordingSink sink_;
  itnxt::test::RecordingLog log_;
  PcapCollectorConfig config_;
  std::unique_ptr<Collector> collector_;
};

inline const Octets kTcpFrame = test::ethernet(0x0800, test::ipv4(6, test::tcp()));
inline const Octets kUdpFrame = test::ethernet(0x86dd, test::ipv6(17, test::udp(test::zeros(10))));

}  // namespace itnxt::pcap
