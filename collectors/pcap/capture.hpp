// One open libpcap source: live (live.cpp) or savefile (savefile.cpp), the only files that know
// libpcap. Loop's thread only.
//
// Live: promiscuous (a tap hears frames that are for others), TPACKET_V3 ring without immediate
// mode, blocks handed over after 100 ms at the latest, nonblocking; the filter and the snaplen work
// in the kernel. Needs CAP_NET_RAW to open, nothing afterwards. The kernel takes about 20 ms to
// open one and 40 ms to close it (it waits for all processors to let go of the ring), and the loop
// waits with it: what can be changed in place is. Savefile: pcap or pcapng, a regular file; read()
// never blocks longer than the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "collectors/pcap/analysis.hpp"
#include "daemon/core/units.hpp"

namespace itnxt::pcap {

// At most this many packets a read(): what one wake-up of the loop costs.
inline constexpr int kPacketsPerRead = 4096;

struct LiveSource {
  std::string interface;
  std::string filter;  // BPF, pcap-filter(7); empty: everything
  std::uint32_t snaplen = 0;
  // Networks on our side, for the direction; may change meanwhile, and outlives the capture.
  const PrefixSet& local;
  Bytes buffer;  // at least 1 MiB is taken: rings of one 256 KiB block lose packets on idle wires
};

struct FileSource {
  std::string path;
  std::string filter;
  PrefixSet local;
};

// Why there is no capture, or no more of it.
struct Trouble {
  enum class Kind : std::uint8_t {
    absent,      // no such interface, or it is down: it may come
    refused,     // no privilege, no such file, out of memory …: another try may do
    unreadable,  // bad filter, broken file …: another try meets the same
  };
  Kind kind = Kind::refused;
  std::string message;  // what, where and what to do, in one sentence
};

class Capture {
 public:
  virtual ~Capture() = default;

  // To be watched for reading; it stays the capture's. -1 for a savefile.
  [[nodiscard]] virtual int fd() const = 0;

  enum class Progress : std::uint8_t { more, idle, finished };  // finished: end of the savefile
  // Counts what is there into `analysis`, at most kPacketsPerRead packets.
  virtual std::variant<Progress, Trouble> read(Analysis& analysis) = 0;

  // Adds what was dropped since the last call (live only). At least every 10 s: libpcap counts in
  // 32 bits.
  virtual void count_drops(Analysis& analysis) = 0;

  // `down`: the capture stays open, and hears nothing. `gone`: the name is another interface's now,
  // or nobody's, while this capture goes on hearing the old one.
  enum class State : std::uint8_t { up, down, gone };
  // Asks the kernel again for the interface's address and MTU, which may be changed while we
  // listen.
  [[nodiscard]] virtual State refresh() = 0;
  // As it was when last asked.
  [[nodiscard]] virtual const Vantage& vantage() const = 0;
};

using Opened = std::variant<std::unique_ptr<Capture>, Trouble>;
// `remark`: a warning of libpcap's, or that the link type is not decoded; empty when all is well.
Opened open_live(const LiveSource& source, std::string& remark);
Opened open_savefile(const FileSource& source, std::string& remark);

// Why no capture could take the filter, whatever its link type; needs no privilege. Asks the name
// service about host names in it.
struct FilterFault {
  std::string reason;  // libpcap's
  bool name_is_unknown = false;
};
std::optional<FilterFault> filter_fault(const std::string& filter, std::uint32_t snaplen);

}  // namespace itnxt::pcap
