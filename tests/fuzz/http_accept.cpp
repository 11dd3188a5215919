// A client's headers, arbitrary: the first line as Accept, the rest as Accept-Encoding.
#include "daemon/io/http_accept.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  itnxt::metrics_format(text.substr(0, line));
  itnxt::takes_gzip(line == std::string_view::npos ? text : text.substr(line + 1));
  return 0;
}
