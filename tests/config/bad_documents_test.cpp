// What an operator reads when a file is wrong, word for word: text in, the whole output out.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/config/load.hpp"

namespace itnxt {
namespace {

struct Case {
  const char* name;
  Purpose purpose;
  std::string_view text;
  const char* output;
};

constexpr Case kYaml[] = {
#include "tests/config/bad_yaml.inc"
};
constexpr Case kShape[] = {
#include "tests/config/bad_shape.inc"
};
constexpr Case kInventory[] = {
#include "tests/config/bad_inventory.inc"
};
constexpr Case kCredentials[] = {
#include "tests/config/bad_credentials.inc"
};
constexpr Case kCollectors[] = {
#include "tests/config/bad_collectors.inc"
};
constexpr Case kTransport[] = {
#include "tests/config/bad_transport.inc"
};
constexpr Case kAlerts[] = {
#include "tests/config/bad_alerts.inc"
};
constexpr Case kNotify[] = {
#include "tests/config/bad_notify.inc"
};

class BadDocument : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    unsetenv("ITNXT_TEST_UNSET");
    setenv("ITNXT_TEST_SET", "hunter2", 1);
  }
};

TEST_P(BadDocument, IsReportedWordForWord) {
  const Case& c = GetParam();
  const Loaded loaded = load_config_text("a.yaml", c.text, c.purpose);
  std::string output;
  bool errors = false;
  for (const Issue& issue : loaded.issues) {
    output += to_text(issue);
    errors = errors || !issue.warning;
  }
  EXPECT_EQ(output, c.output) << c.name;
  EXPECT_NE(loaded.config.has_value(), errors) << c.name;
  EXPECT_EQ(output.find("hunter2"), std::string::npos) << "the secret got out";
}

std::string test_name(const testing::TestParamInfo<Case>& info) {
  std::string name;
  for (const char c : std::string_view(info.param.name)) {
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Yaml, BadDocument, testing::ValuesIn(kYaml), test_name);
INSTANTIATE_TEST_SUITE_P(Shape, BadDocument, testing::ValuesIn(kShape), test_name);
INSTANTIATE_TEST_SUITE_P(Inventory, BadDocument, testing::ValuesIn(kInventory), test_name);
INSTANTIATE_TEST_SUITE_P(Credentials, BadDocument, testing::ValuesIn(kCredentials), test_name);
INSTANTIATE_TEST_SUITE_P(Collectors, BadDocument, testing::ValuesIn(kCollectors), test_name);
INSTANTIATE_TEST_SUITE_P(Transport, BadDocument, testing::ValuesIn(kTransport), test_name);
INSTANTIATE_TEST_SUITE_P(Alerts, BadDocument, testing::ValuesIn(kAlerts), test_name);
INSTANTIATE_TEST_SUITE_P(Notify, BadDocument, testing::ValuesIn(kNotify), test_name);

}  // namespace
}  // namespace itnxt
