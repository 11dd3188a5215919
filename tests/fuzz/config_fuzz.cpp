// Any bytes are a configuration or a list of problems: no crash, no hang, positions inside the
// text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/config/load.hpp"
#include "daemon/core/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto loaded = itnxt::load_config_text("fuzz.yaml", text, itnxt::Purpose::check);
  bool errors = false;
  for (const itnxt::Issue& issue : loaded.issues) {
    errors = errors || !issue.warning;
    const std::string shown = to_text(issue);
    if (!itnxt::is_valid_utf8(shown) || issue.line == 0 || issue.column == 0 || issue.caret == 0) {
      std::abort();
    }
  }
  if (loaded.config.has_value() == errors) std::abort();
  return 0;
}
