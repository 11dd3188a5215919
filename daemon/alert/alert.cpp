#include "daemon/alert/alert.hpp"

#include <array>

namespace itnxt {

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

std::string stable_id(std::string_view text) {
  static constexpr std::array kDigits = {'0', '1', '2', '3', '4', '5', '6', '7',
                                         '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::uint64_t hash = stable_hash(text);
  std::string id(16, '0');
  for (std::size_t i = id.size(); i-- > 0; hash >>= 4U) id[i] = kDigits[hash & 0xFU];
  return id;
}

}  // namespace itnxt
