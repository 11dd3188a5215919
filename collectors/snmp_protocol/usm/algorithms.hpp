// The algorithms of USM: their names and sizes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace itnxt::snmp::usm {

// HMAC-MD5-96 and HMAC-SHA-96 (RFC 3414 §6, §7), HMAC-SHA-224-128 to HMAC-SHA-512-384 (RFC 7860).
enum class AuthAlgorithm : std::uint8_t { none, md5, sha1, sha224, sha256, sha384, sha512 };

// CBC-DES (RFC 3414 §8), CFB128-AES-128 (RFC 3826). AES-192 and AES-256 are no standard: the key is
// lengthened by draft-blumenthal-aes-usm-04 §3.1.2.1 or, the names with a c ("Cisco"), by
// draft-reeder-snmpv3-usm-3desede-00 §2.1.
enum class PrivAlgorithm : std::uint8_t { none, des, aes128, aes192, aes256, aes192c, aes256c };

// As the configuration spells them: "sha256", "aes256c".
[[nodiscard]] std::string_view name(AuthAlgorithm algorithm);
[[nodiscard]] std::string_view name(PrivAlgorithm algorithm);

// Octets of the whole digest, which is also the key's length, and of what is sent of it.
[[nodiscard]] std::size_t digest_size(AuthAlgorithm algorithm);
[[nodiscard]] std::size_t tag_size(AuthAlgorithm algorithm);
inline constexpr std::size_t kMostTag = 48;
// Octets of key material: for DES with the eight of the pre-IV.
[[nodiscard]] std::size_t key_size(PrivAlgorithm algorithm);

}  // namespace itnxt::snmp::usm
