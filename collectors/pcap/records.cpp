#include "collectors/pcap/records.hpp"

#include <unistd.h>

#include <algorithm>

namespace itnxt::pcap {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;

}  // namespace

Records::Records(int fd, bool swapped, std::int64_t unit, std::size_t most)
    : fd_(fd), swapped_(swapped), unit_(unit), most_(most), buffer_(kBuffer) {}

std::optional<Records> Records::of(int fd, int snaplen) {
  struct Header {
    std::uint32_t magic;
    std::uint16_t major, minor;
  } header{};
  if (::pread(fd, &header, sizeof header, 0) != sizeof header) return std::nullopt;
  const std::uint32_t turned = __builtin_bswap32(header.magic);
  const bool swapped = turned == kMicroseconds || turned == kNanoseconds;
  if (swapped) {
    header = {turned, __builtin_bswap16(header.major), __builtin_bswap16(header.minor)};
  }
  if (header.magic != kMicroseconds && header.magic != kNanoseconds) return std::nullopt;
  if (header.major != 2 || header.minor != 4) return std::nullopt;  // older: lengths are swapped
  return Records(fd, swapped, header.magic == kNanoseconds ? 1 : 1000,
                 std::min(kMost, static_cast<std::size_t>(std::max(snaplen, 0))));
}

bool Records::fill(std::size_t size) {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  begin_ += static_cast<off_t>(at_);
  end_ -= at_;
  at_ = 0;
  while (end_ < size) {
    const ssize_t got =
        ::pread(fd_, &buffer_[end_], buffer_.size() - end_, begin_ + static_cast<off_t>(end_));
    if (got <= 0) return false;  // the end, or what libpcap will meet as well
    end_ += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace itnxt::pcap
