#include "daemon/ctl/human.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace itnxt::ctl {
namespace {

constexpr std::string_view kUnknown = "-";
constexpr std::string_view kThinSpace = "\u2009";

bool is_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) && *value >= 0;
}

struct Scaled {
  std::string digits;  // three significant ones
  std::string_view unit;
};

using Units = std::array<std::string_view, 7>;

Scaled scale(double count, const Units& units) {
  std::size_t unit = 0;
  while (count >= 999.5 && unit + 1 < units.size()) {  // 999.5 would be printed as 1000
    count /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 || count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2;
  return {fmt::format("{:.{}f}", count, decimals), units[unit]};
}

Scaled scale_bits(double bits) {
  constexpr Units kUnits = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", "Pbit/s", "Ebit/s"};
  return scale(bits, kUnits);
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "Z", "+01:00": what to take from the local time to get UTC.
std::optional<Duration> offset(std::string_view text) {
  if (text == "Z" || text == "z") return Duration::zero();
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (text.size() != 6 || text[3] != ':' || !hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  const Duration size = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  if (text[0] == '+') return size;
  if (text[0] == '-') return -size;
  return std::nullopt;
}

}  // namespace

std::string bit_rate(std::optional<double> bytes_per_second) {
  if (!is_number(bytes_per_second)) return std::string(kUnknown);
  const Scaled scaled = scale_bits(*bytes_per_second * 8);
  return fmt::format("{} {}", scaled.digits, scaled.unit);
}

std::string byte_count(std::optional<double> bytes) {
  constexpr Units kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (!is_number(bytes)) return std::string(kUnknown);
  const Scaled scaled = scale(*bytes, kUnits);
  return fmt::format("{} {}", scaled.digits, scaled.unit);
}

std::string capacity(std::optional<double> bytes_per_second) {
  if (!is_number(bytes_per_second)) return std::string(kUnknown);
  Scaled scaled = scale_bits(*bytes_per_second * 8);
  if (scaled.digits.find('.') != std::string::npos) {
    while (scaled.digits.back() == '0') scaled.digits.pop_back();
    if (scaled.digits.back() == '.') scaled.digits.pop_back();
  }
  return fmt::format("{} {}", scaled.digits, scaled.unit);
}

std::string percent(std::optional<double> ratio) {
  if (!is_number(ratio)) return std::string(kUnknown);
  const double value = *ratio * 100;
  return fmt::format("{:.{}f} %", value, value == 0 || value >= 9.95 ? 0 : 1);
}

std::string age(std::optional<Duration> since) {
  if (!since || *since < Duration::zero()) return std::string(kUnknown);
  auto left = std::chrono::duration_cast<std::chrono::seconds>(*since).count();
  std::string text;
  int units = 0;
  struct Unit {
    char name;
    std::int64_t size;
  };
  for (const Unit unit : {Unit{'d', 86'400}, Unit{'h', 3'600}, Unit{'m', 60}, Unit{'s', 1}}) {
    const std::int64_t count = left / unit.size;
    left %= unit.size;
    if (units == 0 && count == 0) continue;
    if (count > 0) text += fmt::format("{}{}{}", text.empty() ? "" : " ", count, unit.name);
    if (++units == 2) break;
  }
  return text.empty() ? "0s" : text;
}

std::string grouped(std::optional<double> count) {
  if (!is_number(count)) return std::string(kUnknown);
  const std::string plain = fmt::format("{:.0f}", *count);
  std::string text;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i != 0 && (plain.size() - i) % 3 == 0) text += kThinSpace;
    text += plain[i];
  }
  return text;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':' || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // Beyond these years nanoseconds in 64 bits overflow.
  if (!date.ok() || *year < 1700 || *year > 2250) return std::nullopt;
  std::string_view rest = text.substr(19);
  Duration fraction{};
  if (rest.starts_with('.')) {
    std::int64_t place = 100'000'000;
    rest.remove_prefix(1);
    if (rest.empty() || rest[0] < '0' || rest[0] > '9') return std::nullopt;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), place /= 10) {
      fraction += Duration((rest[0] - '0') * place);
    }
  }
  const auto east = offset(rest);
  if (!east) return std::nullopt;
  const Duration days = std::chrono::sys_days(date).time_since_epoch();
  return WallTime(days + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                  std::chrono::seconds(*second) + fraction - *east);
}

}  // namespace itnxt::ctl
