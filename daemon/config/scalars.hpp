// The words a configuration is written in: text → value, strictly. Pure. An error says what was
// expected and what stood there ("expected a duration such as …, not '10'").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

// `text` made safe and short for a message, in quotes; '***' for what seems to be a secret in it.
std::string in_quotes(std::string_view text, std::size_t most = 64);

// 500ms 10s 5m 72h 7d; also 1h30m: units falling, each once. Whole numbers only.
Result<Duration> parse_duration(std::string_view text);

// 64KiB 1GiB; B KiB MiB GiB TiB (powers of 1024), kB MB GB TB (powers of 1000). Whole numbers only.
Result<Bytes> parse_size(std::string_view text);
std::string to_text(Bytes size);  // the largest binary unit that leaves a whole number

// 10Gbit/s, 2.5Gbit/s: bit/s kbit/s Mbit/s Gbit/s Tbit/s (powers of 1000). More than zero.
Result<BytesPerSecond> parse_rate(std::string_view text);

// `true` or `false`: no yes, no on.
Result<bool> parse_boolean(std::string_view text);

// Decimal digits, perhaps a minus; no leading zero, which YAML 1.1 takes for octal.
Result<std::int64_t> parse_integer(std::string_view text);

// 0.9, -5, 1e6: JSON's numbers; no .inf, no .nan, no hexadecimal.
Result<double> parse_number(std::string_view text);
std::string to_text(double number);  // shortest text that reads back the same

}  // namespace itnxt
