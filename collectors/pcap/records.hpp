// The records of a savefile in the classic format (draft-ietf-opsawg-pcap), as libpcap hands them
// out, for a third of its price: nothing is copied record by record. Only what is plain is read
// here: version 2.4, either byte order, micro- or nanoseconds, records no longer than the file's
// snaplen and 64 KiB. At anything else next() stops, and libpcap goes on at offset(): so what a
// broken or odd file means is said in one place, by libpcap. One thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace itnxt::pcap {

struct Record {
  std::span<const std::uint8_t> captured;  // valid until the next record is asked for
  std::uint32_t original = 0;              // length on the wire, by what the file says
  std::int64_t seconds = 0;                // since 1970; before, where the file says so
  std::int64_t nanoseconds = 0;            // anything, in a broken file
};

class Records {
 public:
  // Of an open regular file whose header libpcap has taken; nothing when it is not of this kind.
  // `fd`: stays the caller's, its position is not used. `snaplen`: as libpcap takes the file's.
  static std::optional<Records> of(int fd, int snaplen);

  // False: the file ends here, or what follows is not plain.
  bool next(Record& record) {
    if (!have(kHeader)) return false;
    __builtin_prefetch(buffer_.data() + at_ + kAhead);  // never faults, wherever that is
    std::array<std::uint32_t, 4> words{};
    std::memcpy(words.data(), buffer_.data() + at_, kHeader);
    if (swapped_) {
      for (std::uint32_t& word : words) word = __builtin_bswap32(word);
    }
    const std::size_t captured = words[2];
    if (captured > most_ || !have(kHeader + captured)) return false;
    record.captured = {buffer_.data() + at_ + kHeader, captured};
    record.original = words[3];
    record.seconds = static_cast<std::int32_t>(words[0]);  // signed, as in libpcap
    record.nanoseconds = std::int64_t{static_cast<std::int32_t>(words[1])} * unit_;
    at_ += kHeader + captured;
    return true;
  }
  // In the file: where the next record begins.
  [[nodiscard]] off_t offset() const { return begin_ + static_cast<off_t>(at_); }

 private:
  static constexpr std::size_t kHeader = 16;
  static constexpr std::size_t kAhead =
      512;  // some packets: what the kernel wrote is near, not here
  static constexpr std::size_t kFileHeader = 24;
  static constexpr std::size_t kBuffer = 128U << 10U;  // stays in the processor's cache
  static constexpr std::size_t kMost = 64U << 10U;

  Records(int fd, bool swapped, std::int64_t unit, std::size_t most);
  // The next `size` bytes are in the buffer.
  bool have(std::size_t size) {
    if (end_ - at_ >= size) [[likely]]
      return true;
    return fill(size);
  }
  bool fill(std::size_t size);

  int fd_;
  bool swapped_;
  std::int64_t unit_;  // nanoseconds that the file counts in
  std::size_t most_;   // bytes of a record
  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0, end_ = 0;  // in the buffer
  off_t begin_ = kFileHeader;     // of the buffer, in the file
};

}  // namespace itnxt::pcap
