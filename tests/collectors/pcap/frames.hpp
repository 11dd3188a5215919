// Frames built by hand, header by header, for tests of the decoder.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "collectors/pcap/frame.hpp"

namespace itnxt::pcap::test {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint64_t kSourceMac = 0x0200'0000'0001;

inline Octets operator+(Octets front, const Octets& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}
inline Octets zeros(std::size_t count) {
  return Octets(count, 0);
}
inline Octets u16(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}
inline Octets u32(std::size_t value) {
  return u16(value >> 16U) + u16(value);
}
inline Octets with(Octets frame, std::size_t at, std::uint8_t value) {
  frame.at(at) = value;
  return frame;
}

// Link layer.
inline Octets macs() {
  return {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
}
inline Octets ethernet(std::size_t type, const Octets& payload) {
  return macs() + u16(type) + payload;
}
inline Octets tag(std::size_t next_type, const Octets& payload) {
  return u16(7) + u16(next_type) + payload;
}
inline Octets tags(std::size_t count, std::size_t tag_type, std::size_t type, Octets payload) {
  for (std::size_t i = 0; i < count; ++i) payload = tag(i == 0 ? type : tag_type, payload);
  return ethernet(tag_type, payload);
}
inline Octets snap(std::size_t organisation, std::size_t type, const Octets& payload) {
  const auto top = static_cast<std::uint8_t>(organisation >> 16U);
  return Octets{0xaa, 0xaa, 0x03, top} + u16(organisation) + u16(type) + payload;
}
inline Octets length_prefixed(const Octets& payload) {
  return ethernet(payload.size(), payload);
}
inline Octets cooked(std::size_t packet_type, std::size_t hardware, std::size_t protocol,
                     const Octets& payload) {
  return u16(packet_type) + u16(hardware) + u16(6) + zeros(8) + u16(protocol) + payload;
}
inline Octets cooked2(std::uint8_t packet_type, std::size_t hardware, std::size_t protocol,
                      const Octets& payload) {
  return u16(protocol) + u16(0) + u32(3) + u16(hardware) + Octets{packet_type, 6} + zeros(8) +
         payload;
}

// Network layer. `said`: the length in the header when it is not the true one.
inline Octets ipv4(std::uint8_t protocol, const Octets& payload, std::size_t options = 0,
                   std::size_t fragment = 0, std::size_t said = SIZE_MAX) {
  const std::size_t length = 20 + options;
  if (said == SIZE_MAX) said = length + payload.size();
  return Octets{static_cast<std::uint8_t>(0x40 + length / 4), 0} + u16(said) + u16(1) +
         u16(fragment) + Octets{64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2} + Octets(options, 1) +
         payload;
}
inline Octets ipv6(std::uint8_t next, const Octets& payload, std::size_t said = SIZE_MAX) {
  if (said == SIZE_MAX) said = payload.size();
  return Octets{0x60, 0, 0, 0} + u16(said) + Octets{next, 64} + Octets(32, 0xfd) + payload;
}
// An extension header of `units` times eight bytes.
inline Octets extension(std::uint8_t next, const Octets& payload, std::size_t units = 1) {
  return Octets{next, static_cast<std::uint8_t>(units - 1)} + Octets{1, 4, 0, 0, 0, 0} +
         zeros((units - 1) * 8) + payload;
}
inline Octets fragment(std::uint8_t next, std::size_t offset_and_more, const Octets& payload) {
  return Octets{next, 0} + u16(offset_and_more) + u32(99) + payload;
}
inline Octets authentication(std::uint8_t next, const Octets& payload) {
  return Octets{next, 4, 0, 0} + zeros(20) + payload;
}
inline Octets jumbo(std::uint8_t next, std::size_t length, const Octets& payload) {
  return Octets{next, 0, 0xc2, 4} + u32(length) + payload;
}
inline Octets arp() {
  return u16(1) + u16(0x0800) + Octets{6, 4} + u16(1) + zeros(20);
}

// Transport layer.
inline Octets tcp(const Octets& payload = {}, std::uint8_t words = 5) {
  return u16(40000) + u16(443) + u32(1) + u32(1) +
         Octets{static_cast<std::uint8_t>(words << 4U), 0x10} + zeros(6) +
         zeros(words > 5 ? (words - 5U) * 4U : 0U) + payload;
}
inline Octets udp(const Octets& payload = {}, std::size_t said = SIZE_MAX) {
  return u16(40000) + u16(53) + u16(said == SIZE_MAX ? 8 + payload.size() : said) + u16(0) +
         payload;
}
inline Octets icmp() {
  return {8, 0, 0, 0, 0, 1, 0, 1};
}

inline Octets udp_to(std::size_t port, const Octets& payload) {
  return u16(40000) + u16(port) + u16(8 + payload.size()) + u16(0) + payload;
}
// Options in front of a timestamps option (value 7, echo 9) and behind it; together 2 or 6 bytes.
inline Octets timestamps(const Octets& front, const Octets& back) {
  const Octets options = front + Octets{8, 10} + u32(7) + u32(9) + back;
  return with(tcp({}), 12, static_cast<std::uint8_t>((5 + options.size() / 4) << 4U)) + options;
}
inline Octets sctp(const Octets& chunks = {}) {
  return u16(40000) + u16(3868) + u32(1) + u32(2) + chunks;
}
inline Octets ospf2() {
  return Octets{2, 1} + u16(44) + u32(1) + zeros(36);
}

// What carries another packet.
inline Octets mpls(std::size_t labels, const Octets& payload) {
  Octets stack;
  for (std::size_t i = 1; i <= labels; ++i)
    stack = stack + u32(i << 12U | (i == labels ? 1U << 8U : 0U) | 64U);
  return stack + payload;
}
inline Octets pppoe(std::size_t protocol, const Octets& payload) {
  return Octets{0x11, 0, 0, 1} + u16(payload.size() + 2) + u16(protocol) + payload;
}
inline Octets gre(std::size_t type, const Octets& payload, std::size_t flags = 0) {
  return u16(flags) + u16(type) + payload;
}
inline Octets vxlan_header() {
  return {0x08, 0, 0, 0, 0, 0, 42, 0};
}
inline Octets vxlan(const Octets& payload) {
  return udp_to(4789, vxlan_header() + payload);
}
inline Octets geneve(std::size_t type, const Octets& payload, std::uint8_t option_words) {
  return udp_to(6081, Octets{option_words, 0} + u16(type) + u32(42 << 8U) +
                          zeros(option_words * 4U) + payload);
}

struct Sample {
  std::string name;
  LinkType link;
  Octets bytes;
  Protocol protocol;
  std::optional<Malformed> malformed = std::nullopt;
  Tunnel tunnel = Tunnel::none;
  Protocol inner = Protocol::other;  // what the tunnel carries
};

// Every kind of frame the decoder knows, sound and flawed (frames.cpp).
std::vector<Sample> samples();

}  // namespace itnxt::pcap::test
