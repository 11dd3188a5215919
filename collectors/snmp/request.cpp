#include "collectors/snmp/request.hpp"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#undef non_repeaters  // net-snmp's macros for fields of its own PDU
#undef max_repetitions

namespace itnxt::snmp {
namespace {

constexpr u_char kSequence = ASN_SEQUENCE | ASN_CONSTRUCTOR;

// net-snmp writes backwards from the buffer's end, so that every length is known when it is due.
struct Writer {
  u_char* buffer;
  std::size_t size;
  std::size_t used = 0;
  bool ok = true;

  void integer(long value) {
    ok = ok && asn_realloc_rbuild_int(&buffer, &size, &used, 0, static_cast<u_char>(ASN_INTEGER),
                                      &value, sizeof value) != 0;
  }
  // Closes what has been written since `mark` into one element.
  void wrap(u_char type, std::size_t mark) {
    ok = ok && asn_realloc_rbuild_sequence(&buffer, &size, &used, 0, type, used - mark) != 0;
  }
  void null_varbind(const Oid& oid) {
    std::array<::oid, std::tuple_size_v<decltype(Oid::arcs)>> arcs;
    for (std::size_t i = 0; i < oid.size; ++i) arcs[i] = oid.arcs[i];
    const std::size_t mark = used;
    ok = ok && asn_realloc_rbuild_null(&buffer, &size, &used, 0, ASN_NULL) != 0 &&
         asn_realloc_rbuild_objid(&buffer, &size, &used, 0, static_cast<u_char>(ASN_OBJECT_ID),
                                  arcs.data(), oid.size) != 0;
    wrap(kSequence, mark);
  }
};

u_char tag_of(RequestType type) {
  switch (type) {
    case RequestType::get:
      return SNMP_MSG_GET;
    case RequestType::get_next:
      return SNMP_MSG_GETNEXT;
    case RequestType::get_bulk:
      return SNMP_MSG_GETBULK;
  }
  return SNMP_MSG_GET;
}

void write_pdu(Writer& writer, const Request& request, std::int32_t request_id) {
  const bool bulk = request.type == RequestType::get_bulk;
  for (std::size_t i = request.count; i > 0; --i) writer.null_varbind(request.oids[i - 1]);
  writer.wrap(kSequence, 0);
  writer.integer(bulk ? request.max_repetitions : 0);
  writer.integer(bulk ? request.non_repeaters : 0);
  writer.integer(request_id);
  writer.wrap(tag_of(request.type), 0);
}

}  // namespace

ByteView encode(const Request& request, Version version, std::string_view community,
                std::int32_t request_id, std::span<std::uint8_t> buffer) {
  Writer writer{buffer.data(), buffer.size()};
  write_pdu(writer, request, request_id);
  writer.ok = writer.ok &&
              asn_realloc_rbuild_string(
                  &writer.buffer, &writer.size, &writer.used, 0, static_cast<u_char>(ASN_OCTET_STR),
                  reinterpret_cast<const u_char*>(community.data()), community.size()) != 0;
  writer.integer(static_cast<long>(version));
  writer.wrap(kSequence, 0);
  if (!writer.ok) return {};
  return ByteView(buffer).last(writer.used);
}

ByteView encode_pdu(const Request& request, std::int32_t request_id,
                    std::span<std::uint8_t> buffer) {
  Writer writer{buffer.data(), buffer.size()};
  write_pdu(writer, request, request_id);
  if (!writer.ok) return {};
  return ByteView(buffer).last(writer.used);
}

}  // namespace itnxt::snmp
