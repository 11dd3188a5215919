#include "tests/support/fleet_recording.hpp"

#include <zlib.h>

#include <charconv>
#include <memory>
#include <stdexcept>

#include "tests/support/fleet_reply.hpp"

namespace itnxt::test {
namespace {

std::vector<std::uint8_t> unhex(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<std::uint8_t> encode_unsigned(std::uint64_t value) {
  std::vector<std::uint8_t> bytes;
  do {
    bytes.insert(bytes.begin(), static_cast<std::uint8_t>(value));
    value >>= 8U;
  } while (value != 0);
  if ((bytes[0] & 0x80U) != 0) bytes.insert(bytes.begin(), 0);
  return bytes;
}

std::vector<std::uint8_t> encode_signed(std::int64_t value) {
  std::vector<std::uint8_t> bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
  }
  while (bytes.size() > 1 && ((bytes[0] == 0 && (bytes[1] & 0x80U) == 0) ||
                              (bytes[0] == 0xFF && (bytes[1] & 0x80U) != 0))) {
    bytes.erase(bytes.begin());
  }
  return bytes;
}

Recording::Arcs decode_oid(snmp::ByteView oid) {
  return arcs_of(snmp::dotted(oid));
}

}  // namespace

Recording::Arcs arcs_of(const std::string& oid) {
  Recording::Arcs arcs;
  const char* at = oid.data();
  const char* end = oid.data() + oid.size();
  while (at < end) {
    std::uint32_t arc = 0;
    const auto [next, error] = std::from_chars(at, end, arc);
    if (error != std::errc{}) throw std::runtime_error("no OID: " + oid);
    arcs.push_back(arc);
    at = next + 1;
  }
  return arcs;
}

std::vector<std::uint8_t> encode_oid(const Recording::Arcs& arcs) {
  std::vector<std::uint8_t> bytes;
  if (arcs.size() < 2) return bytes;
  const auto append = [&](std::uint32_t arc) {
    for (int shift = 28; shift > 0; shift -= 7) {
      if (arc >> shift != 0) {
        bytes.push_back(static_cast<std::uint8_t>(0x80U | (arc >> shift & 0x7FU)));
      }
    }
    bytes.push_back(static_cast<std::uint8_t>(arc & 0x7FU));
  };
  append(arcs[0] * 40 + arcs[1]);
  for (std::size_t i = 2; i < arcs.size(); ++i) append(arcs[i]);
  return bytes;
}

void Recording::add(const std::string& oid, const std::string& tag, const std::string& value) {
  RecordedValue recorded;
  const bool hex = tag.ends_with('x');
  const auto type = static_cast<std::uint8_t>(std::stoul(tag));
  recorded.tag = type;
  if (tag.find(':') != std::string::npos) {
    recorded.content = encode_unsigned(4'711);  // snmpsim makes such a value up as time goes
  } else if (type == 2) {
    recorded.content = encode_signed(std::stoll(value));
  } else if (type == 6) {
    recorded.content = encode_oid(arcs_of(value));
  } else if (type == 64 && !hex) {
    for (const std::uint32_t arc : arcs_of(value)) {
      recorded.content.push_back(static_cast<std::uint8_t>(arc));
    }
  } else if (type == 65 || type == 66 || type == 67 || type == 70) {
    recorded.content = encode_unsigned(std::stoull(value));
  } else if (hex) {
    recorded.content = unhex(value);
  } else {
    recorded.content.assign(value.begin(), value.end());
  }
  // Tags are decimal BER tags: 64 IpAddress … 70 Counter64.
  const Arcs arcs = arcs_of(oid);
  recorded.oid = encode_oid(arcs);
  values_.insert_or_assign(arcs, std::move(recorded));
}

Recording Recording::load(const std::filesystem::path& file) {
  const std::unique_ptr<gzFile_s, decltype(&::gzclose)> in(::gzopen(file.c_str(), "rb"),
                                                           &::gzclose);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  Recording recording;
  std::vector<char> buffer(1 << 16);
  while (::gzgets(in.get(), buffer.data(), static_cast<int>(buffer.size())) != nullptr) {
    std::string line(buffer.data());
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    const std::size_t first = line.find('|');
    const std::size_t second = line.find('|', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    recording.add(line.substr(0, first), line.substr(first + 1, second - first - 1),
                  line.substr(second + 1));
  }
  return recording;
}

// RFC 3584 §4.2.2.1: what version 1 cannot say is stepped over, and what is not there fails the
// whole PDU with the offender's position.
std::vector<std::uint8_t> Recording::answer_v1(const snmp::Message& message,
                                               const std::vector<Arcs>& asked) const {
  constexpr std::uint8_t kCounter64 = 0x46;
  std::vector<std::uint8_t> out(65'000);
  ReplyWriter reply(out);
  reply.begin(message.community, message.request_id, snmp::Version::v1);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto found =
        message.type == snmp::PduType::get ? values_.find(asked[i]) : values_.upper_bound(asked[i]);
    while (message.type != snmp::PduType::get && found != values_.end() &&
           found->second.tag == kCounter64) {
      ++found;
    }
    if (found == values_.end() || found->second.tag == kCounter64) {
      out.resize(reply.finish(snmp::kNoSuchName, static_cast<std::uint8_t>(i + 1)));
      return out;
    }
    reply.varbind(found->second.oid, found->second.tag, found->second.content);
  }
  out.resize(reply.finish());
  return out;
}

std::vector<std::uint8_t> Recording::answer(snmp::ByteView request,
                                            std::size_t max_varbinds) const {
  const auto decoded = snmp::decode(request);
  const auto* message = std::get_if<snmp::Message>(&decoded);
  if (message == nullptr) return {};
  std::vector<Arcs> asked;
  snmp::Varbinds varbinds = message->begin();
  while (const auto varbind = varbinds.next()) asked.push_back(decode_oid(varbind->oid));
  if (message->version == snmp::Version::v1) return answer_v1(*message, asked);
  std::vector<std::uint8_t> out(65'000);
  ReplyWriter reply(out);
  reply.begin(message->community, message->request_id);
  std::size_t written = 0;
  const auto step = [&](Arcs& oid) {
    const auto next = values_.upper_bound(oid);
    ++written;
    if (next == values_.end()) return reply.varbind(encode_oid(oid), 0x82, {});
    oid = next->first;
    return reply.varbind(next->second.oid, next->second.tag, next->second.content);
  };
  if (message->type == snmp::PduType::get) {
    for (const Arcs& oid : asked) {
      const auto found = values_.find(oid);
      if (found == values_.end()) {
        reply.varbind(encode_oid(oid), 0x81, {});
      } else {
        reply.varbind(found->second.oid, found->second.tag, found->second.content);
      }
    }
  } else if (message->type == snmp::PduType::get_bulk) {
    const auto scalars = static_cast<std::size_t>(message->error_status);
    for (std::size_t i = 0; i < scalars && i < asked.size(); ++i) step(asked[i]);
    bool room = true;
    for (std::int64_t n = 0; n < message->error_index && room; ++n) {
      for (std::size_t i = scalars; i < asked.size() && room; ++i) {
        room = written < max_varbinds && step(asked[i]);
      }
    }
  } else {
    for (Arcs& oid : asked) step(oid);
  }
  out.resize(reply.finish());
  return out;
}

}  // namespace itnxt::test
