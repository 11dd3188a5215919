// CRC-32 (ISO 3309, as gzip has it) of what lies in files.
#pragma once

#include <cstdint>
#include <string_view>

namespace itnxt {

std::uint32_t crc32_of(std::string_view bytes);

}  // namespace itnxt
