// Reading a capture that was written before.
#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "collectors/pcap/libpcap.hpp"
#include "collectors/pcap/records.hpp"
#include "daemon/core/fd.hpp"

namespace itnxt::pcap {
namespace {

using Kind = Trouble::Kind;

constexpr std::size_t kBytesPerRead = 8U << 20U;  // packets may be huge
constexpr std::size_t kFileBuffer = 64U << 10U;   // 16 times less read(2) than stdio's own

struct FileCloser {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

class Savefile final : public Capture {
 public:
  // `program`: empty: everything counts.
  Savefile(Handle handle, const FileSource& source, std::unique_ptr<Program> program)
      : handle_(std::move(handle)),
        path_(source.path),
        local_(source.local),
        program_(std::move(program)),
        link_(link_type_of(pcap_datalink(handle_.get()))) {
    // What is not decoded may have headers that libpcap turns into our byte order.
    if (link_ != LinkType::other) {
      records_ = Records::of(::fileno(pcap_file(handle_.get())), pcap_snapshot(handle_.get()));
    }
  }

  [[nodiscard]] int fd() const override { return -1; }

  std::variant<Progress, Trouble> read(Analysis& analysis) override {
    bytes_ = 0;
    if (records_) {
      if (read_records(analysis) > 0) return Progress::more;
      // Where libpcap stands it would count all of it again.
      if (::fseeko(pcap_file(handle_.get()), records_->offset(), SEEK_SET) != 0) {
        return unreadable(errno_text(errno));
      }
      records_.reset();
    }
    analysis_ = &analysis;
    const int count =
        pcap_dispatch(handle_.get(), kPacketsPerRead, on_packet, reinterpret_cast<u_char*>(this));
    analysis_ = nullptr;
    if (count > 0 || count == PCAP_ERROR_BREAK) return Progress::more;
    if (count == 0) return Progress::finished;
    return unreadable(pcap_geterr(handle_.get()));
  }

  void count_drops(Analysis&) override {}
  [[nodiscard]] State refresh() override { return State::up; }
  [[nodiscard]] const Vantage& vantage() const override { return vantage_; }

 private:
  [[nodiscard]] Trouble unreadable(const std::string& reason) const {
    const bool mixed = reason.find("different from the type of the first") != std::string::npos;
    return Trouble{Kind::unreadable,
                   "savefile " + path_ + " cannot be read on after packet " +
                       std::to_string(packets_) + ": " + reason +
                       "; what was read before is counted" +
                       (mixed ? ": capture each interface into a file of its own" : "")};
  }

  // libpcap calls this once a packet. pcap_setfilter would filter, too, but then one pcap_dispatch
  // reads on until enough packets match: the whole file, when none does.
  static void on_packet(u_char* self, const pcap_pkthdr* header, const u_char* captured) {
    Savefile& file = *reinterpret_cast<Savefile*>(self);
    file.take(*file.analysis_, *header, captured);
    if (file.bytes_ > kBytesPerRead) pcap_breakloop(file.handle_.get());
  }

  // Of what is plain, how many were taken; 0: nothing more of it follows.
  int read_records(Analysis& analysis) {
    Record record;
    int count = 0;
    while (count < kPacketsPerRead && bytes_ <= kBytesPerRead && records_->next(record)) {
      ++count;
      const pcap_pkthdr header = {{record.seconds, record.nanoseconds},
                                  static_cast<bpf_u_int32>(record.captured.size()),
                                  record.original};
      take(analysis, header, record.captured.data());
    }
    return count;
  }

  void take(Analysis& analysis, const pcap_pkthdr& header, const u_char* captured) {
    ++packets_;
    bytes_ += header.caplen;
    if (program_ && pcap_offline_filter(program_->get(), &header, captured) == 0) return;
    decode(link_, {captured, header.caplen}, header.len, packet_);
    analysis.observe(packet_, direction_of(packet_, vantage_, local_), header.len, time_of(header));
  }

  const Handle handle_;
  const std::string path_;
  const PrefixSet local_;
  const Vantage vantage_;
  const std::unique_ptr<Program> program_;
  const LinkType link_;
  std::optional<Records> records_;  // while what comes is plain
  std::uint64_t packets_ = 0;       // records read so far, filtered out or not
  Packet packet_;
  // While read() runs.
  Analysis* analysis_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace

Opened open_savefile(const FileSource& source, std::string& remark) {
  // O_NONBLOCK: a FIFO without writer must not hold the loop before we see that it is none.
  Fd fd(::open(source.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.is_open()) {
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
  Handle handle(pcap_fopen_offline_with_tstamp_precision(file.get(), PCAP_TSTAMP_PRECISION_NANO,
                                                         error.data()));
  if (!handle) {
    return Trouble{Kind::unreadable, "savefile " + source.path +
                                         " is no capture libpcap can read: " + error.data() +
                                         "; correct 'file'"};
  }
  (void)file.release();  // the handle's now
  std::unique_ptr<Program> program;
  if (!source.filter.empty()) {
    program = std::make_unique<Program>();
    if (const auto fault = program->compile(handle.get(), source.filter)) {
      return bad_filter(source.filter, *fault);
    }
  }
  remark = remark_on_link_type(pcap_datalink(handle.get()));
  return std::make_unique<Savefile>(std::move(handle), source, std::move(program));
}

}  // namespace itnxt::pcap
