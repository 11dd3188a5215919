// Numbers as an operator reads them. What is not known is "-", never 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/time.hpp"

namespace itnxt::ctl {

// Bytes per second as line rate, three digits: "0 bit/s", "12.3 Mbit/s", "1.00 Gbit/s".
std::string bit_rate(std::optional<double> bytes_per_second);

// The same for what is configured, without needless zeros: "10 Gbit/s", "2.5 Gbit/s".
std::string capacity(std::optional<double> bytes_per_second);

// Three digits: "0 B", "12.3 MB", "1.00 GB".
std::string byte_count(std::optional<double> bytes);

// "0 %", "0.4 %", "43 %", "104 %".
std::string percent(std::optional<double> ratio);

// The two largest units: "3d 4h", "5m 12s", "12s", "0s". Negative counts as none.
std::string age(std::optional<Duration> since);

// Digits in groups of three, parted by a thin space: "12 345".
std::string grouped(std::optional<double> count);

// "2026-12-01T21:00:00.123Z", with any offset (RFC 3339); nothing when it is something else.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace itnxt::ctl
