// What both kinds of capture need of libpcap; the only door to it, for live.cpp and savefile.cpp.
#pragma once

#include <pcap/pcap.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "collectors/pcap/capture.hpp"

namespace itnxt::pcap {

struct PcapCloser {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, PcapCloser>;

// When the packet was there, of a handle of nanosecond precision. A file may say anything: what is
// no fraction of a second counts as none, and what is no date stays one.
inline WallTime time_of(const pcap_pkthdr& header) {
  constexpr std::int64_t kMostSeconds = std::int64_t{1} << 33U;  // the year 2242
  const std::int64_t seconds = std::clamp<std::int64_t>(header.ts.tv_sec, 0, kMostSeconds);
  const bool fraction = header.ts.tv_usec >= 0 && header.ts.tv_usec < 1'000'000'000;
  return WallTime(Duration(seconds * 1'000'000'000 + (fraction ? header.ts.tv_usec : 0)));
}

// A compiled filter.
class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code_); }
  // Libpcap's reason when it is none for the handle's link type. Asks the name service about host
  // names in it.
  std::optional<std::string> compile(pcap_t* handle, const std::string& filter) {
    if (pcap_compile(handle, &code_, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0) return {};
    return pcap_geterr(handle);
  }
  [[nodiscard]] bpf_program* get() { return &code_; }

 private:
  bpf_program code_{};
};

inline Trouble bad_filter(const std::string& filter, const std::string& reason) {
  return {Trouble::Kind::unreadable, "filter \"" + filter +
                                         "\" is no BPF filter for this link type: " + reason +
                                         "; correct 'filter' (see pcap-filter(7))"};
}

inline LinkType link_type_of(int dlt) {
  switch (dlt) {
    case DLT_EN10MB:
      return LinkType::ethernet;
    case DLT_LINUX_SLL:
      return LinkType::cooked;
    case DLT_LINUX_SLL2:
      return LinkType::cooked2;
    case DLT_RAW:
      return LinkType::raw_ip;
    case DLT_IPV4:
      return LinkType::ipv4;
    case DLT_IPV6:
      return LinkType::ipv6;
    case DLT_NULL:
    case DLT_LOOP:
      return LinkType::loopback;
    case DLT_PPP:
    case DLT_PPP_SERIAL:
      return LinkType::ppp;
    default:
      return LinkType::other;
  }
}

inline std::string remark_on_link_type(int dlt) {
  if (link_type_of(dlt) != LinkType::other) return {};
  const char* const name = pcap_datalink_val_to_name(dlt);
  return "link type " + (name != nullptr ? std::string(name) : std::to_string(dlt)) +
         " is not decoded: its packets are counted as protocol other";
}

}  // namespace itnxt::pcap
