// What addresses are called outside of this process: the network they are in and, in place of the
// rest, 48 bits of a keyed BLAKE2b (libsodium) of the address. The same address has the same name
// while the key lasts; who does not have the key can neither name an address nor find one by
// trying all. The key is random, never written nor sent, and replaced after each period, so names
// of different periods cannot be joined. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "collectors/pcap/insight/keyed_hash.hpp"
#include "collectors/pcap/insight/talkers.hpp"
#include "collectors/pcap/packet.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::pcap {

// From the system's generator.
HashSecret random_secret();

// "10.1.2.3", "2001:db8::1".
std::string address_text(const IpAddress& address);
// "10.1.2.0/24"; the address is its network's own.
std::string network_text(const IpAddress& network, const NetworkLengths& lengths);

class Pseudonyms {
 public:
  // `period`: how long a key lasts.
  Pseudonyms(const NetworkLengths& lengths, Duration period, Instant now);
  Pseudonyms(const Pseudonyms&) = delete;
  Pseudonyms& operator=(const Pseudonyms&) = delete;
  ~Pseudonyms();

  // The key stays, and how long it has lasted.
  void set(const NetworkLengths& lengths, Duration period);
  // Before names of `now` are asked for.
  void rotate(Instant now);
  // "10.1.2.0/24 3f9a41c07be2"
  [[nodiscard]] std::string name(const IpAddress& address) const;

 private:
  void draw();

  NetworkLengths lengths_;
  Duration period_;
  Instant due_;
  std::array<std::uint8_t, 32> key_{};
};

}  // namespace itnxt::pcap
