#include "daemon/core/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace itnxt {
namespace {

struct Row {
  std::string in, out;
};

TEST(Text, SanitizesWhatDevicesSay) {
  const Row rows[] = {
      {"Te0/0/1", "Te0/0/1"},
      {"Stra\xdf"
       "e nach K\xf6then",
       "Straße nach Köthen"},  // Latin-1 from an old agent
      {"Straße", "Straße"},
      {"a\x01"
       "b\nc\td",
       "a b c d"},
      {"  edge  ", "edge"},
      {"\x1b[31mred", "[31mred"},
      {"x\xC2\x9B"
       "31m",
       "x 31m"},  // C1 control sequence introducer
      {"\xE2\x80\xAE"
       "gpj.exe",
       "gpj.exe"},                        // right-to-left override
      {"\xC0\xAF", "À¯"},                 // an overlong '/' is no '/'
      {"\xED\xA0\x80", "í\u00A0\uFFFD"},  // a surrogate is no character: byte by byte
      {std::string("nul\0led", 7), "nul led"},
      {"", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(sanitize(row.in), row.out) << row.in;
  }
}

TEST(Text, CutsAtACharactersBorder) {
  EXPECT_EQ(sanitize("aäb", 2), "a");
  EXPECT_EQ(sanitize("aäb", 3), "aä");
  EXPECT_EQ(sanitize(std::string(300, 'x')).size(), 256U);
}

TEST(Text, AnythingBecomesValidAndStaysSo) {
  rc::check("sanitize", [](const std::string& bytes) {
    const std::string clean = sanitize(bytes, 64);
    RC_ASSERT(is_valid_utf8(clean));
    RC_ASSERT(clean.size() <= 64U);
    RC_ASSERT(sanitize(clean, 64) == clean);
    for (const char c : clean) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
  });
}

// Nearly all text is clean and takes a short cut; both ways must agree. A text after something that
// is dropped never takes it.
TEST(Text, TheShortCutMakesNoDifference) {
  const auto nearly_clean = rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
      {{8, rc::gen::inRange('!', '~')}, {3, rc::gen::just(' ')}, {1, rc::gen::arbitrary<char>()}}));
  std::string used("of before");
  rc::check("sanitize_into", [&] {
    const std::string text = *nearly_clean;
    const auto limit = *rc::gen::inRange<std::size_t>(0, 40);
    sanitize_into(used, text, limit);
    RC_ASSERT(used == sanitize('\x01' + text, limit));
    RC_ASSERT(used == sanitize(text, limit));
  });
}

TEST(Text, SuggestsTheNearestName) {
  const std::vector<std::string> keys = {"node", "inventory", "collectors", "aggregator"};
  EXPECT_EQ(did_you_mean("nodde", keys), "node");
  EXPECT_EQ(did_you_mean("agregator", keys), "aggregator");
  EXPECT_EQ(did_you_mean("xyz", keys), std::nullopt);
  EXPECT_EQ(did_you_mean("node", {}), std::nullopt);
}

}  // namespace
}  // namespace itnxt
