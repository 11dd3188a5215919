// Real captures, malformed ones among them, against capinfos, tshark and plain libpcap. The files
// are not part of the source: ITNXT_TEST_DATA, or ../shared/data beside it.
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "collectors/pcap/collector.hpp"
#include "tests/collectors/pcap/savefile.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/recording.hpp"

namespace itnxt::pcap {
namespace {

namespace fs = std::filesystem;
using Counts = std::array<std::uint64_t, kProtocols>;

std::vector<fs::path> captures() {
  const char* const named = std::getenv("ITNXT_TEST_DATA");
  const fs::path root =
      named != nullptr ? fs::path(named) : fs::path(ITNXT_SOURCE_DIR "/../shared/data");
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(root / "pcap", none)) {
    const std::string kind = entry.path().extension();
    if (kind == ".pcap" || kind == ".pcapng") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The lines a command prints; nothing when it is not installed.
std::optional<std::vector<std::string>> lines_of(const std::string& command) {
  std::FILE* const pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), pipe)) {
    text.append(block.data(), got);
  }
  if (WEXITSTATUS(::pclose(pipe)) == 127) return std::nullopt;
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}
bool installed(const std::string& program) {
  return lines_of(program + " --version").has_value();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::istringstream stream(text);
  std::vector<std::string> parts;
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// What the collector makes of a file; its last sample. `cut`: packets that the snaplen cut.
CaptureSample collect(const fs::path& file, std::uint64_t* cut = nullptr) {
  itnxt::test::FakeLoop loop;
  itnxt::test::RecordingSink sink;
  itnxt::test::RecordingLog log;
  PcapCollectorConfig config;
  config.name = CollectorName("file");
  config.file = file;
  const auto collector = make_pcap_collector(config, {loop, sink, log});
  collector->start();
  for (int rounds = 0; sink.all<CaptureSample>().size() < 2 && rounds < 100; ++rounds)
    loop.run_ready();
  const std::vector<CaptureSample> samples = sink.all<CaptureSample>();
  EXPECT_EQ(samples.size(), 2U) << file;
  const std::vector<SeriesSample> series = sink.all<SeriesSample>();
  for (const SeriesFamily& family : series.back().families) {
    if (cut == nullptr || family.name != "itnxt_capture_cut_packets_total") continue;
    *cut = std::get<std::uint64_t>(family.rows.at(0).value);
  }
  const CaptureSample& last = samples.back();
  EXPECT_TRUE(last.open) << file << ": " << (log.lines.empty() ? "" : log.lines.back());
  return last;
}

Counts by_protocol(const CaptureSample& sample) {
  Counts counts{};
  for (const auto& direction : sample.traffic) {
    for (std::size_t i = 0; i < kProtocols; ++i) counts[i] += direction[i].packets.count();
  }
  return counts;
}

TrafficCount plain_count(const fs::path& file) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* const handle = pcap_open_offline(file.c_str(), error.data());
  if (handle == nullptr) return {};
  TrafficCount count;
  pcap_loop(
      handle, -1,
      [](u_char* user, const pcap_pkthdr* header, const u_char*) {
        auto& sum = *reinterpret_cast<TrafficCount*>(user);
        sum.packets += Packets(1);
        sum.bytes += Bytes(header->len);
      },
      reinterpret_cast<u_char*>(&count));
  pcap_close(handle);
  return count;
}

TEST(PcapFiles, PacketsAndBytesAreThoseOfCapinfos) {
  const auto files = captures();
  if (files.empty())
    GTEST_SKIP() << "no captures to compare with: ITNXT_TEST_DATA names a folder that holds pcap/";
  const bool have_capinfos = installed("capinfos");
  for (const fs::path& file : files) {
    const TrafficCount ours = collect(file).total();
    EXPECT_EQ(ours, plain_count(file)) << file;
    if (!have_capinfos) continue;
    const auto lines = lines_of("capinfos -T -r -m -c -d '" + file.string() + "'");
    ASSERT_TRUE(lines && lines->size() == 1) << file;
    const auto fields = split(lines->front(), ',');
    ASSERT_EQ(fields.size(), 3U) << lines->front();
    EXPECT_EQ(ours.packets.count(), std::stoull(fields[1])) << file;
    EXPECT_EQ(ours.bytes.count(), std::stoull(fields[2])) << file;
  }
  if (!have_capinfos) GTEST_SKIP() << "compared with plain libpcap only: capinfos is not installed";
}

Protocol by_number(const std::string& number) {
  if (number == "6") return Protocol::tcp;
  if (number == "17") return Protocol::udp;
  if (number == "1") return Protocol::icmp;
  if (number == "58") return Protocol::icmpv6;
  if (number == "132") return Protocol::sctp;
  if (number == "89") return Protocol::ospf;
  if (number == "47") return Protocol::gre;
  if (number == "4" || number == "41") return Protocol::ip_in_ip;
  return Protocol::other;
}

// One line of tshark by our definition: what the outermost IP header names (behind tags, labels of
// MPLS and PPPoE), or ARP. Fields: frame.protocols, ip.proto, ipv6.fraghdr.nxt.
Protocol by_tshark(const std::string& line) {
  auto fields = split(line, '\t');
  fields.resize(3);
  const auto layers = split(fields[0], ':');
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i] == "arp") return Protocol::arp;
    if (layers[i] == "ip") return by_number(fields[1]);
    if (layers[i] != "ipv6") continue;
    do {
      ++i;
    } while (i < layers.size() && (layers[i].rfind("ipv6.", 0) == 0 || layers[i] == "ah"));
    if (i >= layers.size()) return Protocol::other;
    if (layers[i] == "tcp") return Protocol::tcp;
    if (layers[i] == "udp") return Protocol::udp;
    if (layers[i] == "icmpv6") return Protocol::icmpv6;
    if (layers[i] == "sctp") return Protocol::sctp;
    if (layers[i] == "ospf") return Protocol::ospf;
    if (layers[i] == "gre") return Protocol::gre;
    if (layers[i] == "ip" || layers[i] == "ipv6") return Protocol::ip_in_ip;
    return by_number(fields[2]);
  }
  return Protocol::other;
}

TEST(PcapFiles, ProtocolsAreThoseOfTshark) {
  const auto files = captures();
  if (files.empty())
    GTEST_SKIP() << "no captures to compare with: ITNXT_TEST_DATA names a folder that holds pcap/";
  if (!installed("tshark")) GTEST_SKIP() << "nothing to compare with: tshark is not installed";
  for (const fs::path& file : files) {
    const auto lines = lines_of(
        "tshark -n -o ip.defragment:FALSE -o ipv6.defragment:FALSE -T fields -E occurrence=f "
        "-e frame.protocols -e ip.proto -e ipv6.fraghdr.nxt -r '" +
        file.string() + "'");
    ASSERT_TRUE(lines) << file;
    Counts theirs{};
    for (const std::string& line : *lines) ++theirs[static_cast<std::size_t>(by_tshark(line))];
    EXPECT_EQ(by_protocol(collect(file)), theirs) << file;
  }
}

using Flaws = std::array<std::uint64_t, kMalformed>;  // truncated, length, version, depth

// Checked against tshark by hand; what is not listed is sound. tshark calls 32 more frames of
// arp-oobr malformed: for their trailers, which are no headers.
const std::map<std::string, Flaws> kFlaws = {
    {"arp-oobr.pcap", {82, 0, 0, 0}},                // address lengths beyond the frame
    {"gre-heapoverflow-1.pcap", {0, 0, 1, 0}},       // version 0
    {"ipv6-bad-version.pcap", {0, 0, 2, 0}},         // version 0
    {"ipv6_frag6_negative_len.pcap", {0, 1, 0, 0}},  // payload length 0, yet a fragment header
};

// Each has one frame of which less was captured than a header needs: no flaw, but told.
const std::set<std::string> kCut = {
    "ip6_frag_asan.pcap",        "ipv6-next-header-oobr-1.pcap", "ipv6_39_byte_header.pcap",
    "ipv6hdr-heapoverflow.pcap", "mpls-label-heapoverflow.pcap",
};

TEST(PcapFiles, FlawsAreThoseWeKnow) {
  const auto files = captures();
  if (files.empty())
    GTEST_SKIP() << "no captures to compare with: ITNXT_TEST_DATA names a folder that holds pcap/";
  for (const fs::path& file : files) {
    std::uint64_t cut = 0;
    const CaptureSample sample = collect(file, &cut);
    EXPECT_TRUE(cut == 1 || !kCut.contains(file.filename())) << file << ": " << cut;
    Flaws found{};
    for (std::size_t i = 0; i < kMalformed; ++i) found[i] = sample.malformed[i].count();
    const auto known = kFlaws.find(file.filename());
    EXPECT_EQ(found, known == kFlaws.end() ? Flaws{} : known->second) << file;
  }
}

}  // namespace
}  // namespace itnxt::pcap
