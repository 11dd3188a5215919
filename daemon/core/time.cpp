#include "daemon/core/time.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace itnxt {

std::string to_rfc3339(WallTime t) {
  const auto since_epoch = t.time_since_epoch();
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(since_epoch - whole).count();
  const std::time_t unix_time = whole.count();
  std::tm utc{};
  gmtime_r(&unix_time, &utc);
  std::array<char, 64> text{};
  const std::size_t used = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(millis));
  return std::string(text.data(), used) + fraction.data();
}

std::string to_text(Duration d) {
  if (d < Duration::zero()) return "-" + to_text(-d);
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  struct Unit {
    const char* name;
    std::int64_t millis;
  };
  std::string text;
  for (const Unit unit : {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                          Unit{"s", 1'000}, Unit{"ms", 1}}) {
    if (millis < unit.millis) continue;
    text += std::to_string(millis / unit.millis) + unit.name;
    millis %= unit.millis;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace itnxt
