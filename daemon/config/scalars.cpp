#include "daemon/config/scalars.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "daemon/config/redact.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kDigits = "0123456789";

Error expected(std::string_view what, std::string_view text) {
  return Error{fmt::format("expected {}, not {}", what, in_quotes(text))};
}

// Digits at the front of `text`, which then begins behind them. Nothing when there are none or the
// number does not fit.
std::optional<std::uint64_t> take_whole(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// JSON's grammar (RFC 8259 §6).
bool is_number(std::string_view text) {
  const auto digits = [&] {
    const std::size_t n = std::min(text.find_first_not_of(kDigits), text.size());
    text.remove_prefix(n);
    return n;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

std::optional<double> to_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array kSizeUnits = {
    SizeUnit{"B", 1},
    SizeUnit{"KiB", 1ULL << 10U},
    SizeUnit{"MiB", 1ULL << 20U},
    SizeUnit{"GiB", 1ULL << 30U},
    SizeUnit{"TiB", 1ULL << 40U},
    SizeUnit{"kB", 1'000},
    SizeUnit{"MB", 1'000'000},
    SizeUnit{"GB", 1'000'000'000},
    SizeUnit{"TB", 1'000'000'000'000},
};

}  // namespace

std::string in_quotes(std::string_view text, std::size_t most) {
  if (mentions_secret(text)) return "'***'";
  if (const std::size_t tail = web_url_tail(text); tail < text.size()) {
    return "'" + sanitize(text.substr(0, std::min(tail, 4 * most)), most) + "***'";
  }
  const std::string clean = sanitize(text.substr(0, 4 * most), most);
  const bool cut = text.size() > 4 * most || (text.size() > most && clean.size() + 4 > most);
  return "'" + clean + (cut ? "…'" : "'");
}

Result<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
  };
  static constexpr std::array kUnits = {
      Unit{"d", 86'400'000'000'000}, Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000},
      Unit{"s", 1'000'000'000},      Unit{"ms", 1'000'000},
  };
  const Error wrong = expected("a duration such as 500ms, 10s, 5m, 72h or 7d", text);
  std::string_view rest = text;
  std::int64_t sum = 0;
  std::size_t next = 0;  // units fall
  do {
    const auto count = take_whole(rest);
    if (!count) return wrong;
    const std::string_view name = rest.substr(0, rest.find_first_of(kDigits));
    while (next < kUnits.size() && kUnits[next].name != name) ++next;
    if (next == kUnits.size()) return wrong;
    std::int64_t part = 0;
    if (*count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) ||
        __builtin_mul_overflow(static_cast<std::int64_t>(*count), kUnits[next].nanoseconds,
                               &part) ||
        __builtin_add_overflow(sum, part, &sum)) {
      return expected("a duration of at most 292 years", text);
    }
    rest.remove_prefix(name.size());
    ++next;
  } while (!rest.empty());
  return Duration(sum);
}

Result<Bytes> parse_size(std::string_view text) {
  std::string_view rest = text;
  if (const auto count = take_whole(rest)) {
    for (const SizeUnit& unit : kSizeUnits) {
      if (unit.name != rest) continue;
      std::uint64_t bytes = 0;
      if (__builtin_mul_overflow(*count, unit.bytes, &bytes)) {
        return expected("a size of at most 16777215TiB", text);
      }
      return Bytes(bytes);
    }
  }
  return expected("a size such as 64KiB, 32MiB or 1GiB", text);
}

std::string to_text(Bytes size) {
  for (std::size_t i = 4; i > 0; --i) {
    const SizeUnit& unit = kSizeUnits[i];
    if (size.count() >= unit.bytes && size.count() % unit.bytes == 0) {
      return fmt::format("{}{}", size.count() / unit.bytes, unit.name);
    }
  }
  return fmt::format("{}B", size.count());
}

Result<BytesPerSecond> parse_rate(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bits;
  };
  static constexpr std::array kUnits = {Unit{"bit/s", 1}, Unit{"kbit/s", 1e3}, Unit{"Mbit/s", 1e6},
                                        Unit{"Gbit/s", 1e9}, Unit{"Tbit/s", 1e12}};
  const std::size_t split = std::min(text.find_first_not_of("0123456789."), text.size());
  for (const Unit& unit : kUnits) {
    if (unit.name != text.substr(split) || !is_number(text.substr(0, split))) continue;
    const auto count = to_double(text.substr(0, split));
    if (count && *count > 0 && std::isfinite(*count * unit.bits)) {
      return bits_per_second(*count * unit.bits);
    }
  }
  return expected("a rate above zero such as 100Mbit/s or 10Gbit/s", text);
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return expected("true or false", text);
}

Result<std::int64_t> parse_integer(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of(kDigits) != std::string_view::npos) {
    return expected("a whole number", text);
  }
  if (digits.size() > 1 && digits.front() == '0') {
    return expected("a whole number without leading zeros (YAML may read them as octal)", text);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return expected("a whole number of at most 64 bits", text);
  return value;
}

Result<double> parse_number(std::string_view text) {
  if (!is_number(text)) return expected("a number", text);
  const auto value = to_double(text);
  if (!value) return expected("a number that fits a double", text);
  return *value;
}

std::string to_text(double number) {
  return fmt::format("{}", number);
}

}  // namespace itnxt
