#include "collectors/probe/dns.hpp"

#include <algorithm>
#include <array>

namespace itnxt::probe {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint8_t kResponse = 0x80;  // QR, in the third byte
constexpr std::uint8_t kOpcode = 0x78;
constexpr std::uint8_t kRecursionDesired = 0x01;
constexpr std::uint8_t kRcode = 0x0F;  // in the fourth
constexpr std::uint8_t kClassIn = 1;

// In the order of DnsType.
constexpr std::array<std::uint8_t, kDnsTypeNames.size()> kNumbers = {1,  28, 5,  15, 2,
                                                                     12, 6,  33, 16};

std::uint8_t lower(std::uint8_t c) {
  return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + ('a' - 'A')) : c;
}

}  // namespace

std::vector<std::uint8_t> encode_question(std::uint16_t id, std::string_view name, DnsType type) {
  std::vector<std::uint8_t> question = {static_cast<std::uint8_t>(id >> 8U),
                                        static_cast<std::uint8_t>(id),
                                        kRecursionDesired,
                                        0,
                                        0,
                                        1};
  question.resize(kHeader);
  if (name.ends_with('.')) name.remove_suffix(1);
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    question.push_back(static_cast<std::uint8_t>(dot));
    question.insert(question.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  for (const std::uint8_t byte :
       {std::uint8_t{0}, std::uint8_t{0}, kNumbers[static_cast<std::size_t>(type)], std::uint8_t{0},
        kClassIn}) {
    question.push_back(byte);
  }
  return question;
}

std::string to_text(const DnsAnswer& answer) {
  switch (answer.rcode) {
    case 0:
      return answer.records > 0 ? "NOERROR" : "NOERROR, but no record of that type";
    case 1:
      return "FORMERR: the server does not understand the question";
    case 2:
      return "SERVFAIL: the server cannot find out";
    case 3:
      return "NXDOMAIN: there is no such name";
    case 4:
      return "NOTIMP: the server does not know such questions";
    case 5:
      return "REFUSED: the server does not answer us";
    case 9:
      return "NOTAUTH: the server is not the zone's";
    default:
      return "rcode " + std::to_string(answer.rcode);
  }
}

std::optional<DnsAnswer> decode_answer(std::span<const std::uint8_t> message,
                                       std::span<const std::uint8_t> question) {
  // The question is repeated whole; servers may change the case of its letters (RFC 4343). A length
  // byte is never a letter (at most 63).
  if (question.size() < kHeader || message.size() < question.size()) return std::nullopt;
  if (!std::equal(question.begin(), question.begin() + 2, message.begin())) return std::nullopt;
  if ((message[2] & kResponse) == 0 || (message[2] & kOpcode) != 0) return std::nullopt;
  if (message[4] != 0 || message[5] != 1) return std::nullopt;
  if (!std::equal(question.begin() + kHeader, question.end(), message.begin() + kHeader,
                  [](std::uint8_t a, std::uint8_t b) { return lower(a) == lower(b); })) {
    return std::nullopt;
  }
  return DnsAnswer{static_cast<std::uint8_t>(message[3] & kRcode),
                   static_cast<std::uint16_t>(message[6] << 8U | message[7])};
}

}  // namespace itnxt::probe
