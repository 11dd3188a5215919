// Requests of remote write as text, for people: "__name__=m device=r1 1@5\n" a sample.
#pragma once

#include <snappy.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/metrics/sample_feed.hpp"

namespace itnxt::test {

inline std::string text_of(std::string_view request) {
  struct Reader {
    std::string_view left;
    std::uint64_t varint() {
      std::uint64_t value = 0;
      for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(left.front());
        left.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80) return value;
      }
    }
    std::string_view field() {  // a length-delimited one, with its tag
      left.remove_prefix(1);
      const std::size_t size = varint();
      const std::string_view inside = left.substr(0, size);
      left.remove_prefix(size);
      return inside;
    }
  };
  std::string text;
  for (Reader all{request}; !all.left.empty();) {
    for (Reader series{all.field()}; !series.left.empty();) {
      const bool is_label = series.left.front() == 0x0A;
      Reader inner{series.field()};
      if (is_label) {
        text += std::string(inner.field()) + "=";
        text += std::string(inner.field()) + " ";
        continue;
      }
      std::uint64_t bits = 0;
      for (unsigned i = 0; i < 8; ++i) {
        bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(inner.left[i + 1])) << (8 * i);
      }
      inner.left.remove_prefix(10);
      text += (bits == kStaleMarker
                   ? std::string("stale")
                   : std::to_string(static_cast<long long>(std::bit_cast<double>(bits)))) +
              "@" + std::to_string(inner.varint()) + "\n";
    }
  }
  return text;
}

// Of a request as it is sent.
inline std::string sent_text(const std::string& body) {
  std::string request;
  return snappy::Uncompress(body.data(), body.size(), &request) ? text_of(request)
                                                                : "no snappy block";
}

}  // namespace itnxt::test
