#include "daemon/ctl/url.hpp"

#include <gtest/gtest.h>

namespace itnxt::ctl {
namespace {

TEST(Url, Parses) {
  struct Row {
    const char* text;
    const char* host;
    std::uint16_t port;
    const char* prefix;
    const char* back;
  };
  for (const Row& row : {
           Row{"http://127.0.0.1:9690", "127.0.0.1", 9690, "", "http://127.0.0.1:9690"},
           Row{"http://127.0.0.1:9690/", "127.0.0.1", 9690, "", "http://127.0.0.1:9690"},
           Row{"http://noc", "noc", 80, "", "http://noc:80"},
           Row{"http://noc/itnxt//", "noc", 80, "/itnxt", "http://noc:80/itnxt"},
           Row{"http://[::1]:9690/x", "::1", 9690, "/x", "http://[::1]:9690/x"},
       }) {
    const auto url = parse_url(row.text);
    ASSERT_TRUE(url) << url.error();
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->prefix, row.prefix);
    EXPECT_EQ(url->text(), row.back);
  }
}

TEST(Url, SaysWhatIsWrong) {
  struct Row {
    std::string text;
    std::string shown, why;
  };
  const std::vector<Row> rows = {
      {"", "", "it does not begin with http://"},
      {"127.0.0.1:9690", "127.0.0.1:9690", "it does not begin with http://"},
      {"https://noc", "https://noc",
       "TLS is not spoken here (reach it through a local proxy or tunnel)"},
      {"http://", "http://", "it names no host"},
      {"http://:80", "http://:80", "it names no host"},
      {"http://a:0", "http://a:0", "its port is not a number from 1 to 65535"},
      {"http://a:65536", "http://a:65536", "its port is not a number from 1 to 65535"},
      {"http://a:", "http://a:", "its port is not a number from 1 to 65535"},
      {"http://a:80x", "http://a:80x", "its port is not a number from 1 to 65535"},
      {"http://[::1", "http://[::1", "the bracket of its IPv6 address is open"},
      {"http://a?b", "http://a?b", "it has a query or a fragment"},
      {"http://a/x#b", "http://a/x#b", "it has a query or a fragment"},
      {"http://me:pw@a", "http://***@a", "it holds a user"},
      {"http://a/\r\nX: y", "http://a/ X: y",
       "it holds white space or a character that is not ASCII"},
      {"http://" + std::string(3000, 'a'), "http://" + std::string(193, 'a'), "it is too long"},
  };
  for (const Row& row : rows) {
    const auto url = parse_url(row.text);
    ASSERT_FALSE(url) << row.text;
    EXPECT_EQ(url.error(), "\"" + row.shown + "\" is no URL of an aggregator: " + row.why +
                               "; expected http://HOST[:PORT][/PATH]");
  }
}

}  // namespace
}  // namespace itnxt::ctl
