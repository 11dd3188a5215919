#include "daemon/io/http_gzip.hpp"

#include <zlib.h>

#include <memory>
#include <new>
#include <vector>

namespace itnxt {
namespace {

constexpr std::size_t kInput = std::size_t{32} << 10U;
constexpr int kGzipWindow = 15 + 16;  // 32 KiB, with gzip's header instead of zlib's
constexpr int kMemoryLevel = 8;

class Deflater {
 public:
  explicit Deflater(BodyReader plain) : plain_(std::move(plain)), input_(kInput) {
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::size_t read(char* buffer, std::size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(size);
    while (!ended_ && stream_.avail_out > 0) {
      if (stream_.avail_in == 0 && !plain_ended_) {
        const std::size_t got = plain_(input_.data(), input_.size());
        plain_ended_ = got == 0;
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(got);
      }
      ended_ = deflate(&stream_, plain_ended_ ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
    }
    return size - stream_.avail_out;
  }

 private:
  BodyReader plain_;
  std::vector<char> input_;
  z_stream stream_{};
  bool plain_ended_ = false;
  bool ended_ = false;
};

}  // namespace

BodyReader gzip(BodyReader plain) {
  return [deflater = std::make_shared<Deflater>(std::move(plain))](char* buffer, std::size_t size) {
    return deflater->read(buffer, size);
  };
}

}  // namespace itnxt
