// One open libpcap source, live or savefile: the only place that knows libpcap. Loop's thread only.
//
// Live: promiscuous (a tap hears frames that are for others), TPACKET_V3 ring without immediate
// mode, blocks handed over after 100 ms at the latest, nonblocking; the filter and the snaplen work
// in the kernel. Needs CAP_NET_RAW to open, nothing afterwards.
// Savefile: pcap or pcapng, a regular file; read() never blocks longer than the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "collectors/pcap/tally.hpp"
#include "daemon/core/units.hpp"

namespace itnxt::pcap {

// At most this many packets a read(): what one wake-up of the loop costs.
inline constexpr int kPacketsPerRead = 4096;

struct LiveSource {
  std::string interface;
  std::string filter;  // BPF, pcap-filter(7); empty: everything
  std::uint32_t snaplen = 0;
  Bytes buffer;  // at least 1 MiB is taken: rings of one 256 KiB block lose packets on idle wires
};

struct FileSource {
  std::string path;
  std::string filter;
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
  // `remark`: a warning of libpcap's, or that the link type is not decoded; empty when all is well.
  static std::variant<Capture, Trouble> open(const LiveSource& source, std::string& remark);
  static std::variant<Capture, Trouble> open(const FileSource& source, std::string& remark);

  Capture(Capture&&) noexcept;
  Capture& operator=(Capture&&) noexcept;
  ~Capture();

  // To be watched for reading; it stays the capture's. -1 for a savefile.
  [[nodiscard]] int fd() const;

  enum class Progress : std::uint8_t { more, idle, finished };  // finished: end of the savefile
  // Counts what is there into `tally`, at most kPacketsPerRead packets.
  std::variant<Progress, Trouble> read(Tally& tally);

  // Adds what was dropped since the last call (live only). At least every 10 s: libpcap counts in
  // 32 bits.
  void count_drops(Tally& tally);

  // Asks the kernel again for the interface's address, which may be changed while we listen.
  void refresh_vantage();

 private:
  struct State;
  explicit Capture(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// There and up. Cheap enough to be asked every second.
bool interface_is_up(const std::string& name);

}  // namespace itnxt::pcap
