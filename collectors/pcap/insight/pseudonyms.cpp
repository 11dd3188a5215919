#include "collectors/pcap/insight/pseudonyms.hpp"

#include <arpa/inet.h>
#include <sodium.h>

#include <stdexcept>
#include <utility>

namespace itnxt::pcap {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

Bytes16 bytes_of(const IpAddress& address) {
  Bytes16 bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(address.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(address.low >> (56 - 8 * i));
  }
  return bytes;
}

void use_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start: no random numbers");
}

}  // namespace

HashSecret random_secret() {
  use_sodium();
  HashSecret secret{};
  randombytes_buf(secret.data(), sizeof secret);
  return secret;
}

std::string address_text(const IpAddress& address) {
  const Bytes16 bytes = bytes_of(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = address.is_v4();
  (void)::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), text.data(),
                    text.size());
  return text.data();
}

std::string network_text(const IpAddress& network, const NetworkLengths& lengths) {
  const unsigned length = network.is_v4() ? lengths.v4 - 96 : lengths.v6;
  return address_text(network) + '/' + std::to_string(length);
}

Pseudonyms::Pseudonyms(const NetworkLengths& lengths, Duration period, Instant now)
    : lengths_(lengths), period_(period), due_(now + period) {
  use_sodium();
  draw();
}

Pseudonyms::~Pseudonyms() {
  sodium_memzero(key_.data(), key_.size());
}

void Pseudonyms::set(const NetworkLengths& lengths, Duration period) {
  lengths_ = lengths;
  due_ += period - std::exchange(period_, period);
}

void Pseudonyms::draw() {
  randombytes_buf(key_.data(), key_.size());
}

void Pseudonyms::rotate(Instant now) {
  if (now < due_) return;
  draw();
  due_ = now + period_;
}

std::string Pseudonyms::name(const IpAddress& address) const {
  const Bytes16 bytes = bytes_of(address);
  std::array<std::uint8_t, crypto_generichash_BYTES_MIN> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), key_.data(),
                     key_.size());
  constexpr std::size_t kShown = 6;
  std::array<char, 2 * kShown + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), kShown);
  return network_text(network_of(address, lengths_), lengths_) + ' ' + hex.data();
}

}  // namespace itnxt::pcap
