// A secret where a map with a secret is due: in whatever form, it is in no message and no excerpt.
#include <gtest/gtest.h>

#include <string>

#include "daemon/config/load.hpp"

namespace itnxt {
namespace {

struct Form {
  const char* name;
  const char* text;  // stands behind "KEY: ", what continues it bears its own indentation
};

constexpr Form kForms[] = {
    {"plain", "hunter2"},
    {"plain with spaces", "a hunter2"},
    {"two lines", "a\n      hunter2"},
    {"single quotes", "'hunter2'"},
    {"double quotes", "\"hunter2\""},
    {"quotes over two lines", "\"a\n      hunter2\""},
    {"quotes never closed", "\"hunter2"},
    {"flow list", "[hunter2]"},
    {"flow list over two lines", "[a,\n      hunter2]"},
    {"list never closed", "[hunter2"},
    {"nested list", "[[hunter2], {a: hunter2}]"},
    {"block list", "\n      - hunter2\n      - a: hunter2"},
    {"block scalar", "|\n      hunter2"},
    {"folded scalar", ">-\n      a\n      hunter2"},
    {"tag", "!!str hunter2"},
    {"own tag", "!secret hunter2"},
    {"anchor", "&a hunter2"},
    {"anchor and alias", "&a hunter2\n    two: *a"},
    {"alias to a list", "&a [hunter2]\n    two: *a"},
    {"unknown alias", "*hunter2"},
    {"comment after", "hunter2 # lab bench"},
    {"key without value", "{hunter2}"},
    {"two keys without value", "{hunter2, hunter2}"},
    {"colon forgotten", "{community hunter2}"},
    {"list as key", "{[hunter2]: a}"},
    {"map as key", "{{a: hunter2}: a}"},
    {"unknown key", "{version: 2c, pass: hunter2}"},
    {"unknown key with a list", "{version: 2c, pass: [a, hunter2]}"},
    {"unknown key in a block", "\n      version: 2c\n      pass: hunter2"},
    {"misplaced secret", "{secret: {value: hunter2}}"},
};

// "%" is where the form goes.
constexpr Form kPlaces[] = {
    {"credentials", "credentials: %\n"},
    {"credentials and a broken end", "credentials: %\nx: [\n"},
    {"a set of credentials", "credentials:\n    lab: %\n"},
    {"a set before others", "credentials:\n    lab: %\n    other: {version: 3}\nnode: [a]\n"},
    {"a set twice", "credentials:\n    lab: %\n    lab: x\n"},
    {"the file", "%\n"},
};
constexpr Form kFlowPlaces[] = {
    {"credentials in flow", "{credentials: %, x: y}\n"},
    {"a set in flow", "credentials: {lab: %, other: {version: 3}}\n"},
    {"a channel in flow", "notify: {channels: {hook: %}}\n"},
    {"channels in flow", "notify: {channels: %}\n"},
};

std::string said(const std::string& text) {
  std::string output;
  for (const Issue& issue : load_config_text("a.yaml", text, Purpose::check).issues) {
    output += to_text(issue);
  }
  return output;
}

void hides(const Form& place, const Form& form) {
  std::string text = place.text;
  text.replace(text.find('%'), 1, form.text);
  const std::string output = said(text);
  EXPECT_NE(output, "") << place.name << ", " << form.name << ":\n" << text;
  EXPECT_EQ(output.find("hunter2"), std::string::npos) << place.name << ", " << form.name << ":\n"
                                                       << text << "\n"
                                                       << output;
}

bool fits_in_flow(const Form& form) {
  return std::string_view(form.text).find_first_of("\n#|>") == std::string_view::npos;
}

bool is(const Form& form, std::string_view kind) {
  return std::string_view(form.name).find(kind) != std::string_view::npos;
}

// A map in place of the file is one with unknown keys, and a channel has many keys that are no
// secrets: there the looks of a key decide.
bool hides_by_place(const Form& place, const Form& form) {
  const bool map = std::string_view(form.text).starts_with('{') || is(form, "in a block");
  return !(is(place, "the file") && map) && !(is(place, "channel") && is(form, "unknown key"));
}

TEST(MisplacedSecrets, AreInNoMessage) {
  for (const Form& form : kForms) {
    for (const Form& place : kPlaces) {
      if (hides_by_place(place, form)) hides(place, form);
    }
    for (const Form& place : kFlowPlaces) {
      if (fits_in_flow(form) && hides_by_place(place, form)) hides(place, form);
    }
  }
}

// What is no secret is still shown: the excerpts, each once.
std::string excerpts(const std::string& text) {
  std::string lines;
  for (const Issue& issue : load_config_text("a.yaml", text, Purpose::check).issues) {
    if (!lines.ends_with(issue.source_line + "\n")) lines += issue.source_line + "\n";
  }
  return lines;
}

TEST(MisplacedSecrets, AreAllThatIsHidden) {
  EXPECT_EQ(said("credentials: {lab: hunter2} # lab bench\n"),
            "a.yaml:1:20: expected a map with the keys of a set of credentials, not a single "
            "value\n"
            "credentials: {lab: ***} # lab bench\n"
            "                   ^\n");
  EXPECT_EQ(excerpts("credentials: {lab: hunter2, core: {versio: 2c, user: admin}}\n"),
            "credentials: {lab: ***, core: {versio: ***, user: admin}}\n");
  EXPECT_EQ(excerpts("credentials:\n  lab:\n    - hunter2\n  core: # later\n"),
            "    - ***\n  core: # later\n");
  EXPECT_EQ(excerpts("credentials: {core: &c {version: 3}, lab: *c, x: hunter2}\nnode: [1]\n"),
            "credentials: {core: &c {version: 3}, lab: *c, x: ***}\nnode: [1]\n");
  EXPECT_EQ(excerpts("notify: {channels: {hook: hunter2, mail: {type: smtp}}}\n"),
            "notify: {channels: {hook: ***, mail: {type: smtp}}}\n");
}

// A key without a value is not repeated in the message either.
TEST(MisplacedSecrets, MayBeAKey) {
  EXPECT_NE(said("credentials: {lab: {version: 2c, hunter2}}\n")
                .find("a.yaml:1:34: unknown key in a set of credentials; known: version, "
                      "community, insecure_ok\ncredentials: {lab: {version: 2c, ***}}\n"),
            std::string::npos);
}

}  // namespace
}  // namespace itnxt
