// Capturing on an interface.
#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <optional>

#include "collectors/pcap/interface.hpp"
#include "collectors/pcap/libpcap.hpp"

namespace itnxt::pcap {
namespace {

using Kind = Trouble::Kind;

constexpr int kBlockTimeoutMs = 100;
constexpr std::uintptr_t kAhead = 6;            // packets; about as long as a line takes to come
constexpr std::uintptr_t kBetweenPackets = 96;  // about what TPACKET_V3 puts in front of each
constexpr std::uint64_t kSmallestRing = 1U << 20U;

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

class LiveCapture final : public Capture {
 public:
  LiveCapture(Handle handle, const LiveSource& source, int fd)
      : handle_(std::move(handle)),
        interface_(source.interface),
        local_(source.local),
        fd_(fd),
        link_(link_type_of(pcap_datalink(handle_.get()))),
        vantage_(vantage_of(interface_)),
        index_(interface_index(interface_)),
        goes_down_(interface_is_up(interface_)) {}

  [[nodiscard]] int fd() const override { return fd_; }

  std::variant<Progress, Trouble> read(Analysis& analysis) override {
    analysis_ = &analysis;
    const int count =
        pcap_dispatch(handle_.get(), kPacketsPerRead, on_packet, reinterpret_cast<u_char*>(this));
    analysis_ = nullptr;
    if (count > 0) return Progress::more;
    if (count == 0) return Progress::idle;
    const Kind kind = interface_is_up(interface_) ? Kind::refused : Kind::absent;
    return Trouble{kind, "capturing on " + interface_ + " ended: " + pcap_geterr(handle_.get()) +
                             "; it is opened again as soon as that is possible"};
  }

  void count_drops(Analysis& analysis) override {
    pcap_stat now{};
    if (pcap_stats(handle_.get(), &now) != 0) return;
    const auto add = [&](DropPoint where, std::uint32_t total) {
      analysis.drop(where, drops_[static_cast<std::size_t>(where)].since_last(total));
    };
    add(DropPoint::kernel, now.ps_drop);
    add(DropPoint::interface, now.ps_ifdrop);
  }

  [[nodiscard]] State refresh() override {
    const auto index = interface_index(interface_);
    if (!index) return state_;  // as far as we know
    if (!index_) index_ = index;
    if (index != index_) return State::gone;
    vantage_ = vantage_of(interface_);
    state_ = !goes_down_ || interface_is_up(interface_) ? State::up : State::down;
    return state_;
  }
  [[nodiscard]] const Vantage& vantage() const override { return vantage_; }

 private:
  // libpcap calls this once a packet.
  static void on_packet(u_char* self, const pcap_pkthdr* header, const u_char* captured) {
    LiveCapture& live = *reinterpret_cast<LiveCapture*>(self);
    // The ring is another processor's work: fetch what comes some packets on while this one
    // is looked at. An address behind the ring does no harm: a prefetch never faults.
    const std::uintptr_t ahead = reinterpret_cast<std::uintptr_t>(captured) +
                                 kAhead * (std::uintptr_t{header->caplen} + kBetweenPackets);
    // NOLINTBEGIN(performance-no-int-to-ptr)
    __builtin_prefetch(reinterpret_cast<const void*>(ahead));
    __builtin_prefetch(reinterpret_cast<const void*>(ahead + 64));
    // NOLINTEND(performance-no-int-to-ptr)
    decode(live.link_, {captured, header->caplen}, header->len, live.packet_);
    live.analysis_->observe(live.packet_, direction_of(live.packet_, live.vantage_, live.local_),
                            header->len, time_of(*header));
  }

  const Handle handle_;
  const std::string interface_;
  const PrefixSet& local_;
  const int fd_;
  const LinkType link_;
  Vantage vantage_;
  std::optional<unsigned> index_;  // 0: "any"
  const bool goes_down_;           // not "any", which the kernel does not know
  State state_ = State::up;
  std::array<Growth, kDropPoints> drops_;
  Packet packet_;
  Analysis* analysis_ = nullptr;  // while read() runs
};

}  // namespace

Opened open_live(const LiveSource& source, std::string& remark) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  Handle owner(pcap_create(source.interface.c_str(), error.data()));
  pcap_t* const handle = owner.get();
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
  (void)pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  const int status = pcap_activate(handle);
  if (status < 0) return activation_trouble(handle, status, source.interface);
  if (status > 0) {
    const std::string detail = pcap_geterr(handle);
    remark = "capturing on " + source.interface +
             " with a restriction: " + (detail.empty() ? pcap_statustostr(status) : detail);
  } else {
    remark = remark_on_link_type(pcap_datalink(handle));
  }

  // An empty filter, too: it is what makes the kernel copy no more than snaplen into the ring.
  Program program;
  if (const auto fault = program.compile(handle, source.filter)) {
    return bad_filter(source.filter, *fault);
  }
  if (pcap_setfilter(handle, program.get()) != 0) {
    return bad_filter(source.filter, pcap_geterr(handle));
  }
  const int fd = pcap_get_selectable_fd(handle);
  if (fd < 0 || pcap_setnonblock(handle, 1, error.data()) != 0) {
    return Trouble{Kind::unreadable,
                   "cannot capture on " + source.interface +
                       ": its packets cannot be waited for; name a network interface"};
  }
  return std::make_unique<LiveCapture>(std::move(owner), source, fd);
}

std::optional<FilterFault> filter_fault(const std::string& filter, std::uint32_t snaplen) {
  std::optional<FilterFault> first;
  for (const int type : {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, DLT_NULL, DLT_PPP,
                         DLT_IEEE802_11, DLT_IEEE802_11_RADIO}) {
    const Handle dead(pcap_open_dead(type, static_cast<int>(snaplen)));
    if (!dead) return std::nullopt;
    const auto reason = Program().compile(dead.get(), filter);
    if (!reason) return std::nullopt;
    if (!first) first = {*reason, reason->starts_with("unknown host")};
    if (first->name_is_unknown) break;  // each further type would ask again
  }
  return first;
}

}  // namespace itnxt::pcap
