// What is known to be wrong with a capture before it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "collectors/pcap/collector.hpp"
#include "tests/collectors/pcap/savefile.hpp"

namespace itnxt::pcap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Objection> check(const std::string& filter, const std::string& file = {}) {
  PcapCollectorConfig config;
  config.filter = filter;
  config.file = file;
  if (file.empty()) config.interface = "eth0";
  return check_pcap(config);
}

TEST(PcapCheck, TakesWhatIsAFilterForAnyLinkType) {
  for (const char* filter : {"", "tcp and port 443", "vlan and ip6", "ether host 02:00:00:00:00:01",
                             "wlan type mgt", "ifindex 1", "greater 100 and not arp"}) {
    EXPECT_THAT(check(filter), IsEmpty()) << filter;
  }
}

TEST(PcapCheck, RefusesAFilterThatIsNone) {
  EXPECT_THAT(check("tcp and ("),
              ElementsAre(Objection{"filter",
                                    "filter: can't parse filter expression: syntax error; expected "
                                    "a BPF expression, see pcap-filter(7)"}));
  EXPECT_THAT(check("port http-or-so"),
              ElementsAre(Objection{"filter",
                                    "filter: unknown port 'http-or-so'; expected a BPF expression, "
                                    "see pcap-filter(7)"}));
}

// It may be known to the name service tomorrow: no reason to refuse the whole configuration.
TEST(PcapCheck, WarnsOfANameThatIsUnknown) {
  EXPECT_THAT(check("host no-such-host.invalid"),
              ElementsAre(Objection{"filter",
                                    "filter: unknown host 'no-such-host.invalid' now; a capture "
                                    "does not begin without: write addresses, not names",
                                    true}));
}

TEST(PcapCheck, RefusesAFileThatIsNoRegularOne) {
  const test::Folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& file : {fifo, std::string("/dev/zero"), std::string("/")}) {
    EXPECT_THAT(check("", file),
                ElementsAre(Objection{"file", "file: " + file +
                                                  " is no regular file; expected a savefile of "
                                                  "tcpdump or its like"}));
  }
  const std::string real = folder / "real.pcap";
  { test::Savefile made(real); }
  EXPECT_THAT(check("udp", real), IsEmpty());
  EXPECT_THAT(check("udp", folder / "not there yet"), IsEmpty());
}

// Who has said which networks there are may expect that it is enough.
TEST(PcapCheck, WarnsOfASavefileWhoseDirectionIsUnknown) {
  PcapCollectorConfig config;
  config.file = "/nothing/old.pcap";
  EXPECT_THAT(check_pcap(config), IsEmpty());
  config.prefixes = {{SiteName("halle"), {}}};
  EXPECT_THAT(check_pcap(config),
              ElementsAre(Objection{"file",
                                    "file: without local_prefixes the direction of a savefile's "
                                    "packets is unknown, but of Linux cooked ones; name the "
                                    "networks on this side there",
                                    true}));
  config.local_prefixes = {Cidr{}};
  EXPECT_THAT(check_pcap(config), IsEmpty());
  config.local_prefixes = {};
  config.file = {};
  config.interface = "eth0";
  EXPECT_THAT(check_pcap(config), IsEmpty());
}

}  // namespace
}  // namespace itnxt::pcap
