// The strict document: places, and inputs made to hurt.
#include "daemon/config/document.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "daemon/config/load.hpp"
#include "daemon/config/problems.hpp"
#include "tests/config/cpu_time.hpp"

namespace itnxt {
namespace {

struct Parsed {
  explicit Parsed(std::string text) : source("a.yaml", std::move(text)) {
    document = parse_document(source, arena, problems);
    for (const Issue& issue : problems.finish()) output += to_text(issue);
  }
  SourceText source;
  DocumentArena arena;
  Problems problems;
  ParsedDocument document;
  std::string output;
};

std::string place(const Parsed& parsed, const Value& value) {
  return parsed.source.where(value.at);
}

std::string output_of(const std::string& text) {
  std::string output;
  for (const Issue& issue : load_config_text("a.yaml", text, Purpose::check).issues) {
    output += to_text(issue);
  }
  return output;
}

TEST(Document, EveryValueKnowsItsPlace) {
  const Parsed p(
      "a: 1\n"
      "list:\n"
      "  - x\n"
      "  - {ü: \"ö\", z: w}\n"
      "empty:\n"
      "# comment\n"
      "text: |\n"
      "  line\n");
  ASSERT_EQ(p.output, "");
  const Value& root = *p.document.root;
  ASSERT_EQ(root.entries(), 4U);
  EXPECT_EQ(place(p, root.value(0)), "a.yaml:1:4");
  const Value& list = root.value(1);
  EXPECT_EQ(place(p, list), "a.yaml:3:3");
  EXPECT_EQ(place(p, *list.items[0]), "a.yaml:3:5");
  const Value& map = *list.items[1];
  EXPECT_EQ(place(p, map.value(0)), "a.yaml:4:9");
  EXPECT_TRUE(map.value(0).quoted);
  EXPECT_EQ(place(p, map.key(1)), "a.yaml:4:14");
  EXPECT_FALSE(map.value(1).quoted);
  EXPECT_TRUE(root.value(2).is_null());
  EXPECT_EQ(place(p, root.value(2)), "a.yaml:5:1") << "at its key, not at what follows";
  EXPECT_EQ(place(p, root.value(3)), "a.yaml:7:7");
  EXPECT_EQ(root.value(3).text, "line\n");
}

TEST(Document, WindowsLineEndsAndByteOrderMark) {
  const Parsed p("\xEF\xBB\xBFnode: a\r\nrules: [\r\n  b ]\r\n");
  EXPECT_EQ(p.output, "");
  EXPECT_EQ(place(p, p.document.root->key(0)), "a.yaml:1:1");
  EXPECT_EQ(place(p, *p.document.root->value(1).items[0]), "a.yaml:3:3");
}

TEST(Document, AliasesAreTheValuesTheyName) {
  const Parsed p("a: &x {k: v}\nb: *x\nc: [*x, *x]\n");
  EXPECT_EQ(p.output, "");
  const Value& root = *p.document.root;
  EXPECT_EQ(&root.value(0), &root.value(1));
  EXPECT_EQ(root.value(2).items.size(), 2U);
}

TEST(Document, Latin1) {
  EXPECT_EQ(output_of("node: a\ninventory: {sites: [{name: Stra\xdf"
                      "e}]}\n"),
            "a.yaml:2:32: byte 0xDF is not UTF-8; save the file as UTF-8\n"
            "inventory: {sites: [{name: Stra\xEF\xBF\xBD"
            "e}]}\n"
            "                               ^\n");
}

TEST(Document, BadByteBehindUmlautsAndCutSequence) {
  EXPECT_EQ(output_of("node: üö\xc3"),
            "a.yaml:1:9: byte 0xC3 is not UTF-8; save the file as UTF-8\n"
            "node: üö\xEF\xBF\xBD\n"
            "        ^\n");
  EXPECT_EQ(output_of("node: \xed\xa0\x80"),  // a surrogate
            "a.yaml:1:7: byte 0xED is not UTF-8; save the file as UTF-8\n"
            "node: \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\n"
            "      ^\n");
}

TEST(Document, Utf16) {
  EXPECT_EQ(output_of(std::string("\xff\xfen\0o\0", 6)),
            "a.yaml:1:1: this file is UTF-16; save it as UTF-8\n"
            "***\n"
            "^\n");
}

TEST(Document, DirectionMarksDoNotReachTheTerminal) {
  EXPECT_EQ(output_of("node: [\"\u202Etxt\"]\n"),
            "a.yaml:1:7: node: expected a single value, not a list\n"
            "node: [\"\xEF\xBF\xBDtxt\"]\n"
            "      ^\n");
}

TEST(Document, LongLinesAreCutAroundTheCaret) {
  const std::string long_line = "inventory: {sites: [{name: " + std::string(64, 'n') +
                                ", district: " + std::string(200, 'd') + ", kind: x, " +
                                std::string(300, 'e') + ": 1}]}\n";
  const auto issues = load_config_text("a.yaml", long_line, Purpose::check).issues;
  ASSERT_EQ(issues.size(), 2U);
  for (const Issue& issue : issues) {
    EXPECT_TRUE(issue.source_line.starts_with("…"));
    EXPECT_TRUE(issue.source_line.ends_with("…"));
    EXPECT_LT(issue.source_line.size(), 200U);
    EXPECT_EQ(issue.caret, 102U);
  }
  EXPECT_EQ(issues[0].column, 312U);
}

TEST(Document, DepthHasALimit) {
  std::string fine = "inventory: " + std::string(kMaxDepth - 1, '[');
  fine += std::string(kMaxDepth - 1, ']');
  EXPECT_EQ(Parsed(fine).output, "");
  const std::string deep = "inventory: " + std::string(kMaxDepth, '[') + std::string(32, ']');
  EXPECT_EQ(Parsed(deep).output,
            "a.yaml:1:43: nested more than 32 deep\n" + deep + "\n" + std::string(42, ' ') + "^\n");
}

TEST(Document, DepthByAliasesHasALimit) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i <= 40; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  EXPECT_EQ(Parsed(text).output,
            "a.yaml:32:12: nested more than 32 deep by this alias\na31: &a31 [*a30]\n"
            "           ^\n");
}

// Each of these once made a YAML reader recurse, allocate or run for ever.
TEST(Document, HostileTextEndsSoon) {
  const auto repeat = [](std::string_view word, std::size_t n) {
    std::string text;
    for (std::size_t i = 0; i < n; ++i) text += word;
    return text;
  };
  const std::string inputs[] = {
      repeat("[", 100'000),
      repeat("{a: ", 100'000),
      repeat("- ", 100'000),
      repeat("? ", 100'000),
      repeat("[\n", 100'000),
      repeat("]", 100'000),
      repeat("&a ", 100'000),
      repeat("*a ", 100'000),
      repeat("!a ", 100'000),
      "[" + repeat(",", 1'000'000),
      repeat("- a\n", 500'000),
      repeat("a: \n", 500'000),
      "\"" + repeat("a", 1 << 20),
      repeat(":", 500'000),
      repeat("a ", 500'000),
      repeat("#", 1 << 20),
      repeat("%A b\n", 100'000),
      repeat("\"a\"\n", 100'000),
      "a: |\n" + repeat("\n", 1 << 20),
  };
  for (const std::string& input : inputs) {
    const CpuTime time;
    const Loaded loaded = load_config_text("a.yaml", input, Purpose::check);
    EXPECT_FALSE(loaded.config) << input.substr(0, 20);
    EXPECT_FALSE(loaded.issues.empty()) << input.substr(0, 20);
    EXPECT_LT(time.seconds(), 60) << input.substr(
        0, 20);  // usually well under one; slow under sanitizers
  }
}

TEST(Document, AliasBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += "*a" + std::to_string(i - 1) + (k < 9 ? ", " : "]\n");
  }
  EXPECT_EQ(Parsed(text).output,
            "a.yaml:6:45: more than 1000000 values, aliases counted in full; split the network "
            "over several aggregators\n"
            "a5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]\n"
            "                                            ^\n");
}

TEST(Document, TenMegabytes) {
  EXPECT_EQ(output_of("node: a\n#" + std::string(10'000'000, 'x')),
            "a.yaml:1:1: the file has 10000009 bytes; expected at most 8388608\nnode: a\n^\n");
}

TEST(Document, TooManyProblemsAreCounted) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + ": x\n";
  const auto issues = load_config_text("a.yaml", text, Purpose::check).issues;
  ASSERT_EQ(issues.size(), Problems::kMost + 1);
  EXPECT_EQ(issues.back().message, "4000 more problems are not shown; correct these first");
}

TEST(Document, ManyProblemsOnOneLongLine) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "k: {community: 1}, ";
  const CpuTime time;
  const auto issues = load_config_text("a.yaml", text + "}", Purpose::check).issues;
  EXPECT_LT(time.seconds(), 60);
  ASSERT_EQ(issues.size(), Problems::kMost + 1);
  EXPECT_EQ(issues[999].column, 2U + 19U * 1000U);  // the first is no duplicate
}

TEST(Document, DuplicateAmongManyKeys) {
  std::string text = "credentials:\n";
  for (int i = 0; i < 20'000; ++i) text += "  key" + std::to_string(i) + ":\n";
  text += "  key7:\n";
  const Parsed p(text);
  EXPECT_EQ(p.output,
            "a.yaml:20002:3: key 'key7' is given twice; it stands first at a.yaml:9:3\n"
            "  key7:\n  ^\n");
}

TEST(Document, CaretsStandUnderWhatTheyMean) {
  EXPECT_TRUE(rc::check([] {
    // A line of random ordinary text before the place, in characters of one to four bytes.
    const auto before = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("a", "ß", "€", "\U0001F600", "\t", " ", "-"));
    std::string comment;
    for (const std::string& character : before) comment += character;
    const std::string prefix = "'" + comment + "': ";
    const auto issues = load_config_text("a.yaml", "{" + prefix + "[\"}", Purpose::check).issues;
    RC_ASSERT(issues.size() == 1U);
    RC_ASSERT(issues[0].column == 1U + before.size() + 4U + 2U);
  }));
}

}  // namespace
}  // namespace itnxt
