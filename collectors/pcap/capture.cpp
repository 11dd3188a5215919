#include "collectors/pcap/capture.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace itnxt::pcap {
namespace {

using Kind = Trouble::Kind;

constexpr int kBlockTimeoutMs = 100;
constexpr std::uint64_t kSmallestRing = 1U << 20U;
constexpr std::size_t kBytesPerRead = 8U << 20U;  // of a savefile, whose packets may be huge
constexpr std::size_t kFileBuffer = 256U << 10U;  // 64 times less read(2) than stdio's own

struct PcapCloser {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, PcapCloser>;

struct FileCloser {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) (void)::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code_); }
  bpf_program* get() { return &code_; }

 private:
  bpf_program code_{};
};

std::string errno_text(int number) {
  return std::generic_category().message(number);
}

LinkType link_type_of(int dlt) {
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
    default:
      return LinkType::other;
  }
}

std::string remark_on_link_type(int dlt) {
  if (link_type_of(dlt) != LinkType::other) return {};
  const char* const name = pcap_datalink_val_to_name(dlt);
  return "link type " + (name != nullptr ? std::string(name) : std::to_string(dlt)) +
         " is not decoded: its packets are counted as protocol other";
}

// One question to the kernel about an interface; empty when it knows none of that name.
std::optional<ifreq> ask(const std::string& interface, unsigned long question) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  if (socket.get() < 0 || interface.size() >= sizeof request.ifr_name) return std::nullopt;
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  if (::ioctl(socket.get(), question, &request) != 0) return std::nullopt;
  return request;
}

Vantage vantage_of(const std::string& interface) {
  const auto answer = ask(interface, SIOCGIFHWADDR);
  Vantage vantage;
  if (!answer) return vantage;
  vantage.loops_back = answer->ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
  if (answer->ifr_hwaddr.sa_family == ARPHRD_ETHER) {
    MacAddress own;
    for (std::size_t i = 0; i < 6; ++i) {
      own.number = own.number << 8U | static_cast<std::uint8_t>(answer->ifr_hwaddr.sa_data[i]);
    }
    vantage.own = own;
  }
  return vantage;
}

Trouble bad_filter(const std::string& filter, const char* reason) {
  return {Kind::unreadable, "filter \"" + filter + "\" is no BPF filter for this link type: " +
                                reason + "; correct 'filter' (see pcap-filter(7))"};
}

bool compile(pcap_t* handle, const std::string& filter, Program& program) {
  return pcap_compile(handle, program.get(), filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0;
}

Trouble activation_trouble(pcap_t* handle, int status, const std::string& interface) {
  const std::string detail = pcap_geterr(handle);
  const std::string said = detail.empty() ? pcap_statustostr(status) : detail;
  switch (status) {
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return {Kind::refused, "capturing on " + interface +
                                 " needs CAP_NET_RAW: run as root, or give it by systemd's "
                                 "AmbientCapabilities=CAP_NET_RAW or by setcap cap_net_raw+ep"};
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return {Kind::absent, "no interface " + interface +
                                " on this host: capturing starts as soon as it appears; if the "
                                "name is wrong, correct 'interface'"};
    case PCAP_ERROR_IFACE_NOT_UP:
      return {Kind::absent, "interface " + interface +
                                " is down: capturing starts as soon as it is up (ip link set " +
                                interface + " up)"};
    default:
      return {Kind::refused, "cannot capture on " + interface + ": " + said};
  }
}

}  // namespace

struct Capture::State {
  Handle handle;
  std::string source;  // interface or path, for messages
  LinkType link = LinkType::other;
  Vantage vantage;
  int fd = -1;
  std::unique_ptr<Program> program;  // of a savefile with a filter
  std::array<Growth, kDropPoints> drops;

  // While one read() runs.
  Tally* tally = nullptr;
  std::size_t bytes = 0;
  std::uint64_t packets = 0;  // records read from the savefile so far, filtered out or not

  void count(const pcap_pkthdr& header, const u_char* captured) const {
    const Frame frame = decode(link, {captured, header.caplen}, header.len);
    tally->count(frame, direction_of(frame, vantage), header.len);
  }

  // libpcap calls these once a packet.
  static void on_live_packet(u_char* self, const pcap_pkthdr* header, const u_char* captured) {
    reinterpret_cast<const State*>(self)->count(*header, captured);
  }

  // pcap_setfilter would do on a savefile, too, but then one pcap_dispatch reads on until enough
  // packets match: the whole file, when none does.
  static void on_file_packet(u_char* self, const pcap_pkthdr* header, const u_char* captured) {
    State& state = *reinterpret_cast<State*>(self);
    ++state.packets;
    state.bytes += header->caplen;
    if (state.bytes > kBytesPerRead) pcap_breakloop(state.handle.get());
    if (state.program && pcap_offline_filter(state.program->get(), header, captured) == 0) return;
    state.count(*header, captured);
  }
};

Capture::Capture(std::unique_ptr<State> state) : state_(std::move(state)) {}
Capture::Capture(Capture&&) noexcept = default;
Capture& Capture::operator=(Capture&&) noexcept = default;
Capture::~Capture() = default;

std::variant<Capture, Trouble> Capture::open(const LiveSource& source, std::string& remark) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  auto state = std::make_unique<State>();
  state->source = source.interface;
  state->handle.reset(pcap_create(source.interface.c_str(), error.data()));
  pcap_t* const handle = state->handle.get();
  if (handle == nullptr) {
    return Trouble{Kind::refused, "cannot capture on " + source.interface + ": " + error.data()};
  }
  const int buffer =
      static_cast<int>(std::clamp<std::uint64_t>(source.buffer.count(), kSmallestRing, INT_MAX));
  const int snaplen = static_cast<int>(std::min<std::uint32_t>(source.snaplen, INT_MAX));
  (void)pcap_set_snaplen(handle, snaplen);  // setters fail on active handles only
  (void)pcap_set_promisc(handle, 1);
  (void)pcap_set_timeout(handle, kBlockTimeoutMs);
  (void)pcap_set_buffer_size(handle, buffer);
  const int status = pcap_activate(handle);
  if (status < 0) return activation_trouble(handle, status, source.interface);
  if (status > 0) {
    const std::string detail = pcap_geterr(handle);
    remark = "capturing on " + source.interface +
             " with a restriction: " + (detail.empty() ? pcap_statustostr(status) : detail);
  } else {
    remark = remark_on_link_type(pcap_datalink(handle));
  }
  state->link = link_type_of(pcap_datalink(handle));

  // An empty filter, too: it is what makes the kernel copy no more than snaplen into the ring.
  Program program;
  if (!compile(handle, source.filter, program)) {
    return bad_filter(source.filter, pcap_geterr(handle));
  }
  if (pcap_setfilter(handle, program.get()) != 0) {
    return bad_filter(source.filter, pcap_geterr(handle));
  }
  state->fd = pcap_get_selectable_fd(handle);
  if (state->fd < 0 || pcap_setnonblock(handle, 1, error.data()) != 0) {
    return Trouble{Kind::unreadable,
                   "cannot capture on " + source.interface +
                       ": its packets cannot be waited for; name a network interface"};
  }
  Capture capture(std::move(state));
  capture.refresh_vantage();
  return capture;
}

std::variant<Capture, Trouble> Capture::open(const FileSource& source, std::string& remark) {
  // O_NONBLOCK: a FIFO without writer must not hold the loop before we see that it is none.
  FileDescriptor fd(::open(source.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) {
    return Trouble{Kind::refused, "cannot read savefile " + source.path + ": " + errno_text(errno) +
                                      "; it is tried again, correct 'file' or its permissions"};
  }
  struct stat what {};
  if (::fstat(fd.get(), &what) != 0 || !S_ISREG(what.st_mode)) {
    return Trouble{Kind::unreadable,
                   "savefile " + source.path + " is no regular file; correct 'file'"};
  }
  File file(::fdopen(fd.get(), "rb"));
  if (!file) {
    return Trouble{Kind::refused, "cannot read savefile " + source.path + ": " + errno_text(errno)};
  }
  (void)fd.release();
  (void)std::setvbuf(file.get(), nullptr, _IOFBF, kFileBuffer);
  (void)::__fsetlocking(file.get(), FSETLOCKING_BYCALLER);  // ours alone: no lock twice a packet

  std::array<char, PCAP_ERRBUF_SIZE> error{};
  auto state = std::make_unique<State>();
  state->source = source.path;
  state->handle.reset(pcap_fopen_offline(file.get(), error.data()));
  if (!state->handle) {
    return Trouble{Kind::unreadable, "savefile " + source.path +
                                         " is no capture libpcap can read: " + error.data() +
                                         "; correct 'file'"};
  }
  (void)file.release();  // the handle's now
  pcap_t* const handle = state->handle.get();
  if (!source.filter.empty()) {
    state->program = std::make_unique<Program>();
    if (!compile(handle, source.filter, *state->program)) {
      return bad_filter(source.filter, pcap_geterr(handle));
    }
  }
  state->link = link_type_of(pcap_datalink(handle));
  remark = remark_on_link_type(pcap_datalink(handle));
  return Capture(std::move(state));
}

int Capture::fd() const {
  return state_->fd;
}

std::variant<Capture::Progress, Trouble> Capture::read(Tally& tally) {
  State& state = *state_;
  const bool live = state.fd >= 0;
  state.tally = &tally;
  state.bytes = 0;
  const int count = pcap_dispatch(state.handle.get(), kPacketsPerRead,
                                  live ? State::on_live_packet : State::on_file_packet,
                                  reinterpret_cast<u_char*>(&state));
  state.tally = nullptr;
  if (count > 0 || count == PCAP_ERROR_BREAK) return Progress::more;
  if (count == 0) return live ? Progress::idle : Progress::finished;
  const std::string said = pcap_geterr(state.handle.get());
  if (live) {
    const Kind kind = interface_is_up(state.source) ? Kind::refused : Kind::absent;
    return Trouble{kind, "capturing on " + state.source + " ended: " + said +
                             "; it is opened again as soon as that is possible"};
  }
  return Trouble{Kind::unreadable, "savefile " + state.source + " cannot be read on after packet " +
                                       std::to_string(state.packets) + ": " + said +
                                       "; what was read before is counted"};
}

void Capture::count_drops(Tally& tally) {
  pcap_stat now{};
  if (state_->fd < 0 || pcap_stats(state_->handle.get(), &now) != 0) return;
  const auto add = [&](DropPoint where, std::uint32_t total) {
    tally.drop(where, state_->drops[static_cast<std::size_t>(where)].since_last(total));
  };
  add(DropPoint::kernel, now.ps_drop);
  add(DropPoint::interface, now.ps_ifdrop);
}

void Capture::refresh_vantage() {
  if (state_->fd >= 0) state_->vantage = vantage_of(state_->source);
}

bool interface_is_up(const std::string& name) {
  const auto answer = ask(name, SIOCGIFFLAGS);
  return answer && (answer->ifr_flags & IFF_UP) != 0;
}

}  // namespace itnxt::pcap
