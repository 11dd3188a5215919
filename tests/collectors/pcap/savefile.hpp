// Savefiles and sums of samples, for tests of the collector.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/core/sample.hpp"
#include "tests/collectors/pcap/frames.hpp"

namespace itnxt::pcap::test {

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "itnxt-pcap-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::filesystem::filesystem_error("mkdtemp", {});
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// Writes classic pcap, big-endian, microseconds.
class Savefile {
 public:
  explicit Savefile(const std::string& path, std::uint32_t link_type = 1)
      : out_(path, std::ios::binary) {
    put(u32(0xa1b2c3d4) + u16(2) + u16(4) + zeros(8) + u32(262144) + u32(link_type));
  }
  // `second`: since 1970.
  Savefile& add(const Octets& frame, std::size_t original = 0, std::size_t second = 1) {
    put(u32(second) + u32(2) + u32(frame.size()) + u32(original == 0 ? frame.size() : original));
    put(frame);
    return *this;
  }
  void put(const Octets& bytes) {
    out_.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::ofstream out_;
};

// Octets as they stand in a pcapng of this order.
inline Octets block(std::size_t type, const Octets& body) {
  return u32(type) + u32(body.size() + 12) + body + u32(body.size() + 12);
}
// An interface of that link type, with stamps of ten to the minus `resolution`.
inline Octets interface_block(std::size_t link_type, std::uint8_t resolution) {
  return block(
      1, u16(link_type) + u16(0) + u32(0) + u16(9) + u16(1) + Octets{resolution, 0, 0, 0} + u32(0));
}
inline Octets packet_block(std::size_t interface, std::uint64_t stamp, const Octets& frame) {
  const std::size_t padding = (4 - frame.size() % 4) % 4;
  return block(6, u32(interface) + u32(stamp >> 32U) + u32(stamp & 0xffff'ffffU) +
                      u32(frame.size()) + u32(frame.size()) + frame + zeros(padding));
}
inline void write_blocks(const std::string& file, const Octets& blocks) {
  const Octets whole =
      block(0x0a0d0d0a, u32(0x1a2b3c4d) + u16(1) + u16(0) + Octets(8, 0xff)) + blocks;
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(whole.data()),
             static_cast<std::streamsize>(whole.size()));
}

inline TrafficCount count_of(const CaptureSample& sample, Direction direction, Protocol protocol) {
  return sample.traffic[static_cast<std::size_t>(direction)][static_cast<std::size_t>(protocol)];
}

}  // namespace itnxt::pcap::test
