// Writes the Response of a simulated agent, forwards, into a buffer.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "collectors/snmp_protocol/ber.hpp"
#include "collectors/snmp_protocol/message.hpp"

namespace itnxt::test {

class ReplyWriter {
 public:
  explicit ReplyWriter(std::span<std::uint8_t> buffer) : out_(buffer) {}

  void begin(std::string_view community, std::int32_t request_id,
             snmp::Version version = snmp::Version::v2c) {
    used_ = 0;
    outer_ = open(0x30);
    put({0x02, 0x01, static_cast<std::uint8_t>(version), 0x04,
         static_cast<std::uint8_t>(community.size())});
    put({reinterpret_cast<const std::uint8_t*>(community.data()), community.size()});
    enveloped_ = true;
    open_pdu(request_id, snmp::PduType::response);
  }
  // Without an envelope, for a scoped PDU of SNMPv3.
  void begin_pdu(std::int32_t request_id, snmp::PduType type = snmp::PduType::response) {
    used_ = 0;
    enveloped_ = false;
    open_pdu(request_id, type);
  }
  // False: the buffer is full and the varbind was left out.
  bool varbind(snmp::ByteView oid, std::uint8_t tag, snmp::ByteView value) {
    const std::size_t inner =
        1 + length_size(oid.size()) + oid.size() + 1 + length_size(value.size()) + value.size();
    if (used_ + 1 + length_size(inner) + inner > out_.size()) return false;
    out_[used_++] = 0x30;
    length(inner);
    out_[used_++] = 0x06;
    length(oid.size());
    put(oid);
    out_[used_++] = tag;
    length(value.size());
    put(value);
    return true;
  }
  [[nodiscard]] std::size_t size() const { return used_; }
  // An error carries no varbinds here, as tooBig must (RFC 3416 §4.2.1).
  std::size_t finish(std::uint8_t error_status = 0, std::uint8_t error_index = 0) {
    if (error_status != 0) used_ = list_ + 4;
    out_[list_ - 4] = error_status;
    out_[list_ - 1] = error_index;
    close(list_);
    close(pdu_);
    if (enveloped_) close(outer_);
    return used_;
  }

 private:
  void open_pdu(std::int32_t request_id, snmp::PduType type) {
    pdu_ = open(static_cast<std::uint8_t>(type));
    const auto id = static_cast<std::uint32_t>(request_id);
    put({0x02, 0x04, static_cast<std::uint8_t>(id >> 24U), static_cast<std::uint8_t>(id >> 16U),
         static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id)});
    put({0x02, 0x01, 0x00, 0x02, 0x01, 0x00});
    list_ = open(0x30);
  }
  static std::size_t length_size(std::size_t n) { return n < 0x80 ? 1 : n < 0x100 ? 2 : 3; }
  void length(std::size_t n) {
    if (n >= 0x100) {
      put({0x82, static_cast<std::uint8_t>(n >> 8U)});
    } else if (n >= 0x80) {
      out_[used_++] = 0x81;
    }
    out_[used_++] = static_cast<std::uint8_t>(n);
  }
  void put(snmp::ByteView bytes) {
    if (!bytes.empty()) std::memcpy(&out_[used_], bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  void put(std::initializer_list<std::uint8_t> bytes) {
    put(snmp::ByteView(bytes.begin(), bytes.size()));
  }
  std::size_t open(std::uint8_t tag) {
    const std::size_t at = used_;
    put({tag, 0x82, 0, 0});
    return at;
  }
  void close(std::size_t at) {
    const std::size_t n = used_ - at - 4;
    out_[at + 2] = static_cast<std::uint8_t>(n >> 8U);
    out_[at + 3] = static_cast<std::uint8_t>(n);
  }
  std::span<std::uint8_t> out_;
  bool enveloped_ = true;
  std::size_t used_ = 0, outer_ = 0, pdu_ = 0, list_ = 0;
};

}  // namespace itnxt::test
