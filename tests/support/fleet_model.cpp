// What a simulated device is and says.
#include <algorithm>
#include <cstring>

#include "collectors/snmp/if_mib.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/fleet_reply.hpp"

namespace itnxt::test {
namespace {

enum class Branch : std::uint8_t { system, if_number, if_table, ifx_table };

struct Object {
  Branch branch;
  std::uint32_t number;
};

// In the order of their OIDs. ifTable without the deprecated columns.
constexpr std::array kObjects = {
    Object{Branch::system, 1},     Object{Branch::system, 2},     Object{Branch::system, 3},
    Object{Branch::system, 4},     Object{Branch::system, 5},     Object{Branch::system, 6},
    Object{Branch::system, 7},     Object{Branch::if_number, 1},  Object{Branch::if_table, 1},
    Object{Branch::if_table, 2},   Object{Branch::if_table, 3},   Object{Branch::if_table, 4},
    Object{Branch::if_table, 5},   Object{Branch::if_table, 6},   Object{Branch::if_table, 7},
    Object{Branch::if_table, 8},   Object{Branch::if_table, 9},   Object{Branch::if_table, 10},
    Object{Branch::if_table, 11},  Object{Branch::if_table, 13},  Object{Branch::if_table, 14},
    Object{Branch::if_table, 15},  Object{Branch::if_table, 16},  Object{Branch::if_table, 17},
    Object{Branch::if_table, 19},  Object{Branch::if_table, 20},  Object{Branch::ifx_table, 1},
    Object{Branch::ifx_table, 2},  Object{Branch::ifx_table, 3},  Object{Branch::ifx_table, 4},
    Object{Branch::ifx_table, 5},  Object{Branch::ifx_table, 6},  Object{Branch::ifx_table, 7},
    Object{Branch::ifx_table, 8},  Object{Branch::ifx_table, 9},  Object{Branch::ifx_table, 10},
    Object{Branch::ifx_table, 11}, Object{Branch::ifx_table, 12}, Object{Branch::ifx_table, 13},
    Object{Branch::ifx_table, 14}, Object{Branch::ifx_table, 15}, Object{Branch::ifx_table, 16},
    Object{Branch::ifx_table, 17}, Object{Branch::ifx_table, 18}, Object{Branch::ifx_table, 19}};

bool is_table(const Object& object) {
  return object.branch == Branch::if_table || object.branch == Branch::ifx_table;
}

snmp::EncodedOid prefix_of(const Object& object) {
  switch (object.branch) {
    case Branch::system:
      return snmp::EncodedOid({1, 3, 6, 1, 2, 1, 1, object.number});
    case Branch::if_number:
      return snmp::EncodedOid({1, 3, 6, 1, 2, 1, 2, 1});
    case Branch::if_table:
      return snmp::EncodedOid({1, 3, 6, 1, 2, 1, 2, 2, 1, object.number});
    case Branch::ifx_table:
      return snmp::EncodedOid({1, 3, 6, 1, 2, 1, 31, 1, 1, 1, object.number});
  }
  return {};
}

const std::array<snmp::EncodedOid, kObjects.size()>& prefixes() {
  static const auto all = [] {
    std::array<snmp::EncodedOid, kObjects.size()> made;
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = prefix_of(kObjects[i]);
    return made;
  }();
  return all;
}

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

// The HC column whose value a 32-bit column cuts.
std::uint32_t hc_of(const Object& object) {
  constexpr std::array<std::uint32_t, 22> kIf = {0, 0, 0,   0,   0,   0,  0,  0, 0,   0,   6,
                                                 7, 0, 113, 114, 115, 10, 11, 0, 119, 120, 0};
  if (object.branch == Branch::if_table) return kIf[object.number];
  switch (object.number) {
    case 2:
      return 8;
    case 3:
      return 9;
    case 4:
      return 12;
    case 5:
      return 13;
    default:
      return object.number;
  }
}

std::size_t encode_number(std::uint64_t value, std::uint8_t* out) {
  std::size_t bytes = 1;
  while (bytes < 8 && (value >> (8 * bytes)) != 0) ++bytes;
  std::size_t used = 0;
  if ((value >> (8 * bytes - 1) & 1U) != 0) out[used++] = 0;
  for (std::size_t i = bytes; i > 0; --i)
    out[used++] = static_cast<std::uint8_t>(value >> (8 * (i - 1)));
  return used;
}

std::size_t append_arc(std::uint8_t* out, std::uint32_t arc) {
  std::size_t used = 0;
  for (int shift = 28; shift > 0; shift -= 7) {
    if (arc >> shift != 0) out[used++] = static_cast<std::uint8_t>(0x80U | (arc >> shift & 0x7FU));
  }
  out[used++] = static_cast<std::uint8_t>(arc & 0x7FU);
  return used;
}

struct Value {
  std::uint8_t tag = 0x05;
  std::array<std::uint8_t, 64> bytes;
  std::size_t size = 0;
  void number(std::uint8_t type, std::uint64_t n) {
    tag = type;
    size = encode_number(n, bytes.data());
  }
  void text(std::string_view head, std::uint64_t n) {
    tag = 0x04;
    std::memcpy(bytes.data(), head.data(), head.size());
    const std::string digits = std::to_string(n);
    std::memcpy(bytes.data() + head.size(), digits.data(), digits.size());
    size = head.size() + digits.size();
  }
};

Value system_value(const Object& object, std::uint32_t device, Duration at) {
  Value value;
  switch (object.number) {
    case 1:
      value.text("itnxt simulated device ", device & 0xFFFFFFU);
      return value;
    case 2: {
      const snmp::EncodedOid oid({1, 3, 6, 1, 4, 1, 1, 1});
      value.tag = 0x06;
      std::memcpy(value.bytes.data(), oid.bytes.data(), oid.size);
      value.size = oid.size;
      return value;
    }
    case 3:
      value.number(0x43, 360'000 + static_cast<std::uint64_t>(at / 10ms));
      return value;
    case 5:
      value.text("device-", device & 0xFFFFFFU);
      return value;
    case 7:
      value.number(0x02, 6);
      return value;
    default:
      value.text("rack ", device & 0xFFU);
      return value;
  }
}

Value row_value(const Object& object, std::uint32_t device, std::uint32_t row, Duration at) {
  Value value;
  const bool ifx = object.branch == Branch::ifx_table;
  const std::uint32_t column = object.number;
  if (ifx && column >= 6 && column <= 13) {
    value.number(0x46, FleetModel::counter(device, row, column, at));
  } else if ((ifx && column >= 2 && column <= 5) || (!ifx && column >= 10)) {
    value.number(0x41, FleetModel::counter(device, row, hc_of(object), at) & 0xFFFFFFFFU);
  } else if (!ifx && column == 1) {
    value.number(0x02, row);
  } else if (!ifx && column == 2) {
    value.text("GigabitEthernet0/", row);
  } else if (!ifx && column == 5) {
    value.number(0x42, 1'000'000'000);
  } else if (!ifx && column == 6) {
    value.tag = 0x04;
    value.size = 6;
    const std::uint64_t mac = mix(std::uint64_t{device} << 32U | row);
    std::memcpy(value.bytes.data(), &mac, 6);
  } else if (!ifx && column == 9) {
    value.number(0x43, 0);
  } else if (!ifx) {
    value.number(0x02, column == 3 ? 6 : column == 4 ? 1500 : 1);
  } else if (column == 1) {
    value.text("Gi0/", row);
  } else if (column == 15) {
    value.number(0x42, 1000);
  } else if (column == 18) {
    value.text("to site ", row);
  } else if (column == 19) {
    value.number(0x43, 0);
  } else {
    value.number(0x02, 1);
  }
  return value;
}

}  // namespace

FleetModel::FleetModel(FleetOptions options) : options_(std::move(options)) {}

std::uint64_t FleetModel::counter(std::uint32_t device, std::uint32_t row, std::uint32_t column,
                                  Duration at) {
  const std::uint64_t seed = mix(std::uint64_t{device} << 32U | row << 8U | column);
  const bool octets = column == 6 || column == 10;
  const std::uint64_t per_ms = column > 100 ? 0 : (octets ? 1000 : 1) * (1 + seed % 50);
  const auto ms = static_cast<std::uint64_t>(at / 1ms);
  return (seed >> 24U) + per_ms * ms + (column > 100 ? ms / 1000 : 0);
}

bool FleetModel::exists(const Place& place) const {
  const Object& object = kObjects[place.object];
  if (options_.narrow_every == 0 || object.branch != Branch::ifx_table) return true;
  return object.number < 6 || object.number > 13 || place.row % options_.narrow_every != 0;
}

// Moves on to what exists.
void FleetModel::settle(Place& place) const {
  while (place.object < kObjects.size()) {
    const bool table = is_table(kObjects[place.object]);
    if (table && place.row > options_.interfaces) {
      ++place.object;
      place.row = place.object < kObjects.size() && is_table(kObjects[place.object]) ? 1 : 0;
      continue;
    }
    if (exists(place)) return;
    ++place.row;
  }
}

void FleetModel::advance(Place& place) const {
  if (place.object >= kObjects.size()) return;
  if (is_table(kObjects[place.object])) {
    ++place.row;
  } else {
    ++place.object;
    place.row = place.object < kObjects.size() && is_table(kObjects[place.object]) ? 1 : 0;
  }
  settle(place);
}

FleetModel::Place FleetModel::first_after(snmp::ByteView oid) const {
  Place place;
  const auto& all = prefixes();
  // Every arc of a prefix is one byte, so the order of the bytes is the order of the OIDs.
  auto next = std::upper_bound(
      all.begin(), all.end(), oid, [](snmp::ByteView one, const snmp::EncodedOid& prefix) {
        const snmp::ByteView other = prefix.view();
        return std::lexicographical_compare(one.begin(), one.end(), other.begin(), other.end());
      });
  if (next != all.begin()) {
    const snmp::EncodedOid& before = *(next - 1);
    const bool itself =
        std::equal(oid.begin(), oid.end(), before.view().begin(), before.view().end());
    if (itself || snmp::is_below(oid, before.view())) --next;
  }
  place.object = static_cast<std::size_t>(next - all.begin());
  if (next == all.end()) return place;
  const bool table = is_table(kObjects[place.object]);
  place.row = table ? 1 : 0;
  if (snmp::is_below(oid, next->view())) {
    if (!table) {
      advance(place);
      return place;
    }
    snmp::ByteView tail = oid.subspan(next->size);
    std::uint64_t row = 0;
    for (const std::uint8_t byte : tail) {
      row = (row << 7U) | (byte & 0x7FU);
      if ((byte & 0x80U) == 0) break;
    }
    place.row = static_cast<std::uint32_t>(std::min<std::uint64_t>(row, options_.interfaces)) + 1;
  }
  settle(place);
  return place;
}

std::optional<FleetModel::Place> FleetModel::exactly(snmp::ByteView oid) const {
  const auto& all = prefixes();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::optional<std::uint32_t> row = snmp::row_of(oid, all[i].view());
    if (!row) continue;
    const Place place{i, *row};
    if (!is_table(kObjects[i])) return *row == 0 ? std::optional(place) : std::nullopt;
    if (*row >= 1 && *row <= options_.interfaces && exists(place)) return place;
  }
  return std::nullopt;
}

snmp::ByteView FleetModel::oid_of(const Place& place, std::array<std::uint8_t, 24>& buffer) {
  const snmp::EncodedOid& prefix = prefixes()[place.object];
  std::memcpy(buffer.data(), prefix.bytes.data(), prefix.size);
  const std::size_t size = prefix.size + append_arc(buffer.data() + prefix.size, place.row);
  return snmp::ByteView(buffer).first(size);
}

// `asked` is echoed with endOfMibView behind the last object.
bool FleetModel::write(ReplyWriter& reply, const Place& place, std::uint32_t device, Duration at,
                       snmp::ByteView asked) const {
  if (place.object >= kObjects.size()) return reply.varbind(asked, 0x82, {});
  const Object& object = kObjects[place.object];
  std::array<std::uint8_t, 24> buffer;
  const snmp::ByteView oid = oid_of(place, buffer);
  Value value;
  if (object.branch == Branch::system) {
    value = system_value(object, device, at);
  } else if (object.branch == Branch::if_number) {
    value.number(0x02, options_.if_number ? options_.if_number(device) : options_.interfaces);
  } else {
    value = row_value(object, device, place.row, at);
    const bool oper_status = object.branch == Branch::if_table && object.number == 8;
    if (oper_status && options_.down && options_.down(device, place.row)) value.number(0x02, 2);
  }
  return reply.varbind(oid, value.tag, snmp::ByteView(value.bytes).first(value.size));
}

std::size_t FleetModel::bulk(const snmp::Message& request, std::uint32_t device, Duration at,
                             ReplyWriter& reply) const {
  struct Repeater {
    Place place;
    snmp::ByteView asked;  // the OID before: what endOfMibView is said of (RFC 3416 §4.2.3)
    std::array<std::uint8_t, 24> last;
  };
  std::array<Repeater, 64> repeaters;
  std::size_t count = 0;
  std::size_t written = 0;
  snmp::Varbinds varbinds = request.begin();
  for (std::int64_t i = 0; const auto varbind = varbinds.next(); ++i) {
    const Place place = first_after(varbind->oid);
    if (i < request.error_status) {
      if (!write(reply, place, device, at, varbind->oid)) return written;
      ++written;
    } else if (count < repeaters.size()) {
      repeaters[count++] = {place, varbind->oid, {}};
    }
  }
  for (std::int64_t n = 0; n < request.error_index && count > 0; ++n) {
    bool alive = false;
    for (std::size_t i = 0; i < count; ++i) {
      Repeater& repeater = repeaters[i];
      if (options_.max_varbinds != 0 && written >= options_.max_varbinds) return written;
      if (!write(reply, repeater.place, device, at, repeater.asked)) return written;
      ++written;
      if (repeater.place.object >= kObjects.size()) continue;
      alive = true;
      repeater.asked = oid_of(repeater.place, repeater.last);
      advance(repeater.place);
    }
    if (!alive) break;
  }
  return written;
}

std::size_t FleetModel::answer(const snmp::Message& request, std::uint32_t device, Duration at,
                               std::span<std::uint8_t> out) const {
  if (request.community != options_.community) return 0;
  ReplyWriter reply(out.first(std::min<std::size_t>(out.size(), 65'000)));
  reply.begin(request.community, request.request_id);
  return fill(request, device, at, reply);
}

std::size_t FleetModel::answer_pdu(const snmp::Message& request, std::uint32_t device, Duration at,
                                   std::span<std::uint8_t> out) const {
  ReplyWriter reply(out.first(std::min<std::size_t>(out.size(), 64'000)));
  reply.begin_pdu(request.request_id);
  return fill(request, device, at, reply);
}

std::size_t FleetModel::fill(const snmp::Message& request, std::uint32_t device, Duration at,
                             ReplyWriter& reply) const {
  if (options_.silent && options_.silent(device)) return 0;
  if (request.type == snmp::PduType::get_bulk) {
    bulk(request, device, at, reply);
  } else if (request.type == snmp::PduType::get || request.type == snmp::PduType::get_next) {
    snmp::Varbinds varbinds = request.begin();
    while (const auto varbind = varbinds.next()) {
      if (request.type == snmp::PduType::get_next) {
        write(reply, first_after(varbind->oid), device, at, varbind->oid);
      } else if (const std::optional<Place> place = exactly(varbind->oid)) {
        write(reply, *place, device, at, varbind->oid);
      } else {
        reply.varbind(varbind->oid, 0x81, {});
      }
    }
  } else {
    return 0;
  }
  if (options_.silent_above != 0 && reply.size() > options_.silent_above) return 0;
  const bool too_big = options_.too_big_above != 0 && reply.size() > options_.too_big_above;
  return reply.finish(too_big ? 1 : 0);
}

}  // namespace itnxt::test
