#include "collectors/snmp_protocol/usm/algorithms.hpp"

namespace itnxt::snmp::usm {
namespace {

struct AuthFacts {
  std::string_view name;
  std::size_t digest;
  std::size_t tag;
};

constexpr AuthFacts facts(AuthAlgorithm algorithm) {
  switch (algorithm) {
    case AuthAlgorithm::none:
      return {"none", 0, 0};
    case AuthAlgorithm::md5:
      return {"md5", 16, 12};
    case AuthAlgorithm::sha1:
      return {"sha1", 20, 12};
    case AuthAlgorithm::sha224:
      return {"sha224", 28, 16};
    case AuthAlgorithm::sha256:
      return {"sha256", 32, 24};
    case AuthAlgorithm::sha384:
      return {"sha384", 48, 32};
    case AuthAlgorithm::sha512:
      return {"sha512", 64, 48};
  }
  return {};
}

struct PrivFacts {
  std::string_view name;
  std::size_t key;
};

constexpr PrivFacts facts(PrivAlgorithm algorithm) {
  switch (algorithm) {
    case PrivAlgorithm::none:
      return {"none", 0};
    case PrivAlgorithm::des:
      return {"des", 16};
    case PrivAlgorithm::aes128:
      return {"aes128", 16};
    case PrivAlgorithm::aes192:
      return {"aes192", 24};
    case PrivAlgorithm::aes256:
      return {"aes256", 32};
    case PrivAlgorithm::aes192c:
      return {"aes192c", 24};
    case PrivAlgorithm::aes256c:
      return {"aes256c", 32};
  }
  return {};
}

}  // namespace

std::string_view name(AuthAlgorithm algorithm) {
  return facts(algorithm).name;
}
std::string_view name(PrivAlgorithm algorithm) {
  return facts(algorithm).name;
}
std::size_t digest_size(AuthAlgorithm algorithm) {
  return facts(algorithm).digest;
}
std::size_t tag_size(AuthAlgorithm algorithm) {
  return facts(algorithm).tag;
}
std::size_t key_size(PrivAlgorithm algorithm) {
  return facts(algorithm).key;
}

}  // namespace itnxt::snmp::usm
