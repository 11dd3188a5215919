#include "daemon/ctl/table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "daemon/core/text.hpp"

namespace itnxt::ctl {
namespace {

TEST(Table, WidthIsWhatATerminalShows) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Straße"), 6U);
  EXPECT_EQ(display_width("e\u0301"), 1U);  // a combining accent
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("🚒"), 2U);
}

TEST(Table, CutsAtCharacters) {
  EXPECT_EQ(cut("Straße", 6), "Straße");
  EXPECT_EQ(cut("Straße", 5), "Stra…");
  EXPECT_EQ(cut("日本語", 4), "日…");
  EXPECT_EQ(cut("abc", 1), "…");
  EXPECT_EQ(cut("abc", 0), "");
}

Table sample() {
  Table table({{"NAME"}, {"N", Align::right}, {"NOTE"}});
  table.add({std::string("Straße"), std::string("1"), Cell{"down", Tone::bad}});
  table.add({std::string("x"), std::string("1234"), std::string("")});
  return table;
}

TEST(Table, AlignsByWidth) {
  EXPECT_EQ(sample().render({}),
            "NAME       N  NOTE\n"
            "Straße     1  down\n"
            "x       1234\n");
}

TEST(Table, Colours) {
  EXPECT_EQ(sample().render({true, std::nullopt}),
            "\x1b[1mNAME\x1b[0m       \x1b[1mN\x1b[0m  \x1b[1mNOTE\x1b[0m\n"
            "Straße     1  \x1b[1;31mdown\x1b[0m\n"
            "x       1234\n");
}

TEST(Table, CutsToTheTerminal) {
  EXPECT_EQ(sample().render({false, 16}),
            "NAME       N  N…\n"
            "Straße     1  d…\n"
            "x       1234\n");
  EXPECT_EQ(sample().render({false, 3}), "NA…\nSt…\nx\n");
}

RC_GTEST_PROP(Table, NoLineIsWiderThanAsked, (std::vector<std::string> texts)) {
  const auto width = *rc::gen::inRange<std::size_t>(1, 60);
  Table table({{"A"}, {"B", Align::right}});
  for (const std::string& text : texts) {
    table.add({sanitize(text), sanitize(std::string(text.rbegin(), text.rend()))});
  }
  std::string text = table.render({false, width});
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    RC_ASSERT(display_width(text.substr(0, end)) <= width);
    text.erase(0, end + 1);
  }
}

}  // namespace
}  // namespace itnxt::ctl
