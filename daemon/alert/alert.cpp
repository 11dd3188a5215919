#include "daemon/alert/alert.hpp"

#include <array>

#include "daemon/core/hash.hpp"

namespace itnxt {

std::string stable_id(std::string_view text) {
  static constexpr std::array kDigits = {'0', '1', '2', '3', '4', '5', '6', '7',
                                         '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::uint64_t hash = stable_hash(text);
  std::string id(16, '0');
  for (std::size_t i = id.size(); i-- > 0; hash >>= 4U) id[i] = kDigits[hash & 0xFU];
  return id;
}

}  // namespace itnxt
