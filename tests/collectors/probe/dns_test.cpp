// DNS as bytes: the question, and what counts as its answer.
#include "collectors/probe/dns.hpp"

#include <gtest/gtest.h>

namespace itnxt::probe {
namespace {

using Packet = std::vector<std::uint8_t>;

TEST(Dns, AQuestionHasTheseBytes) {
  EXPECT_EQ(encode_question(0xABCD, "a.bc.", DnsType::aaaa),
            (Packet{0xAB, 0xCD, 1, 0,   0,   1, 0, 0,  0, 0, 0, 0,  // header
                    1,    'a',  2, 'b', 'c', 0, 0, 28, 0, 1}));     // name, type, class
  EXPECT_EQ(encode_question(1, "a.bc", DnsType::txt)[19], 16);
  EXPECT_EQ(encode_question(1, ".", DnsType::ns).size(), 17U);
}

Packet answer_to(const Packet& question, std::uint8_t rcode = 0, std::uint8_t records = 1) {
  Packet answer = question;
  answer[2] = 0x81;
  answer[3] = static_cast<std::uint8_t>(0x80U | rcode);
  answer[7] = records;
  return answer;
}

TEST(Dns, RcodeAndRecordsAreRead) {
  const Packet question = encode_question(7, "example.org", DnsType::a);
  EXPECT_EQ(decode_answer(answer_to(question), question), (DnsAnswer{0, 1}));
  EXPECT_EQ(decode_answer(answer_to(question, 3, 0), question), (DnsAnswer{3, 0}));
  Packet shouted = answer_to(question);
  shouted[13] = 'E';  // RFC 4343
  EXPECT_TRUE(decode_answer(shouted, question));
}

TEST(Dns, AnswersBearTheNamesThatPeopleKnow) {
  EXPECT_TRUE(is_good({0, 1}));
  EXPECT_FALSE(is_good({0, 0}));
  EXPECT_FALSE(is_good({3, 1}));
  EXPECT_EQ(to_text({0, 0}), "NOERROR, but no record of that type");
  EXPECT_EQ(to_text({2, 0}), "SERVFAIL: the server cannot find out");
  EXPECT_EQ(to_text({3, 0}), "NXDOMAIN: there is no such name");
  EXPECT_EQ(to_text({5, 0}), "REFUSED: the server does not answer us");
  EXPECT_EQ(to_text({15, 0}), "rcode 15");
}

TEST(Dns, WhatIsNoAnswerToThisQuestionIsNothing) {
  const Packet question = encode_question(7, "example.org", DnsType::a);
  const Packet good = answer_to(question);
  const auto spoilt = [&](std::size_t at, std::uint8_t value) {
    Packet bad = good;
    bad[at] = value;
    return decode_answer(bad, question);
  };
  EXPECT_FALSE(decode_answer(question, question));  // QR
  EXPECT_FALSE(spoilt(0, 1));                       // id
  EXPECT_FALSE(spoilt(2, 0x89));                    // opcode
  EXPECT_FALSE(spoilt(5, 0));                       // no question
  EXPECT_FALSE(spoilt(14, 'q'));                    // another name
  EXPECT_FALSE(spoilt(question.size() - 3, 28));    // another type
  for (std::size_t size = 0; size < question.size(); ++size) {
    EXPECT_FALSE(decode_answer(std::span(good).first(size), question)) << size;
  }
}

}  // namespace
}  // namespace itnxt::probe
