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

inline TrafficCount count_of(const CaptureSample& sample, Direction direction, Protocol protocol) {
  return sample.traffic[static_cast<std::size_t>(direction)][static_cast<std::size_t>(protocol)];
}

}  // namespace itnxt::pcap::test
