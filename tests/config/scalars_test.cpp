#include "daemon/config/scalars.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>
#include <string>

#include "daemon/config/addresses.hpp"

namespace itnxt {
namespace {

TEST(Scalars, Durations) {
  EXPECT_EQ(*parse_duration("500ms"), 500ms);
  EXPECT_EQ(*parse_duration("10s"), 10s);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("72h"), 72h);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("0s"), 0s);
  for (const char* wrong : {"", "s", "10", "10 s", " 10s", "10s ", "1.5s", "-5m", "+5m", "10S",
                            "10sec", "10us", "30m1h", "1s1s", "1h30", "0x10s", "1e3s", "10s\n"}) {
    ASSERT_FALSE(parse_duration(wrong).ok()) << wrong;
  }
  EXPECT_EQ(parse_duration("10").error(),
            "expected a duration such as 500ms, 10s, 5m, 72h or 7d, not '10'");
  EXPECT_EQ(*parse_duration("106751d"), 24h * 106751);
  EXPECT_EQ(parse_duration("106752d").error(),
            "expected a duration of at most 292 years, not '106752d'");
  EXPECT_EQ(parse_duration("106751d24h").error(),
            "expected a duration of at most 292 years, not '106751d24h'");
  EXPECT_EQ(parse_duration("18446744073709551615ms").error(),
            "expected a duration of at most 292 years, not '18446744073709551615ms'");
}

TEST(Scalars, DurationsReadBackWhatIsWritten) {
  EXPECT_TRUE(rc::check([] {
    const auto millis = *rc::gen::inRange<std::int64_t>(0, 9'000'000'000'000);
    const Duration duration = std::chrono::milliseconds(millis);
    RC_ASSERT(*parse_duration(to_text(duration)) == duration);
  }));
}

TEST(Scalars, Sizes) {
  EXPECT_EQ(*parse_size("64KiB"), Bytes(65'536));
  EXPECT_EQ(*parse_size("1GiB"), Bytes(1U << 30U));
  EXPECT_EQ(*parse_size("1GB"), Bytes(1'000'000'000));
  EXPECT_EQ(*parse_size("3kB"), Bytes(3'000));
  EXPECT_EQ(*parse_size("5B"), Bytes(5));
  EXPECT_EQ(*parse_size("16777215TiB"), Bytes(16'777'215ULL << 40U));
  for (const char* wrong : {"", "1", "KiB", "1KB", "1kib", "1Gb", "1 GiB", "1.5GiB", "-1KiB",
                            "18446744073709551616B"}) {
    EXPECT_FALSE(parse_size(wrong).ok()) << wrong;
  }
  EXPECT_EQ(parse_size("16777216TiB").error(),
            "expected a size of at most 16777215TiB, not '16777216TiB'");
}

TEST(Scalars, SizesReadBackWhatIsWritten) {
  EXPECT_TRUE(rc::check([] {
    const Bytes size(*rc::gen::arbitrary<std::uint64_t>() >> *rc::gen::inRange(0U, 64U));
    RC_ASSERT(*parse_size(to_text(size)) == size);
  }));
}

TEST(Scalars, Rates) {
  EXPECT_EQ(*parse_rate("10Gbit/s"), BytesPerSecond(1.25e9));
  EXPECT_EQ(*parse_rate("2.5Gbit/s"), BytesPerSecond(312.5e6));
  EXPECT_EQ(*parse_rate("8bit/s"), BytesPerSecond(1));
  EXPECT_EQ(*parse_rate("64kbit/s"), BytesPerSecond(8000));
  EXPECT_EQ(*parse_rate("1Tbit/s"), BytesPerSecond(125e9));
  for (const char* wrong : {"", "10", "10G", "10GB", "10Gbps", "10gbit/s", "0Gbit/s", "-1Gbit/s",
                            "1e3Gbit/s", ".5Gbit/s", "1.Gbit/s", "01Gbit/s", "10 Gbit/s"}) {
    EXPECT_FALSE(parse_rate(wrong).ok()) << wrong;
  }
}

TEST(Scalars, RatesAreBitsOverEight) {
  EXPECT_TRUE(rc::check([] {
    const auto megabits = *rc::gen::inRange(1, 1'000'000);
    RC_ASSERT(parse_rate(std::to_string(megabits) + "Mbit/s")->count() == megabits * 125'000.0);
  }));
}

TEST(Scalars, Booleans) {
  EXPECT_TRUE(*parse_boolean("true"));
  EXPECT_FALSE(*parse_boolean("false"));
  for (const char* wrong : {"", "yes", "no", "on", "off", "True", "TRUE", "y", "1", "0"}) {
    EXPECT_FALSE(parse_boolean(wrong).ok()) << wrong;
  }
}

TEST(Scalars, Integers) {
  EXPECT_EQ(*parse_integer("0"), 0);
  EXPECT_EQ(*parse_integer("-17"), -17);
  EXPECT_EQ(*parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_integer("9223372036854775808").error(),
            "expected a whole number of at most 64 bits, not '9223372036854775808'");
  EXPECT_EQ(parse_integer("0644").error(),
            "expected a whole number without leading zeros (YAML may read them as octal), not "
            "'0644'");
  for (const char* wrong : {"", "-", "+1", "0x10", "0o17", "1_000", "1,000", "1.0", "1e3", " 1"}) {
    EXPECT_EQ(parse_integer(wrong).ok(), false) << wrong;
  }
}

TEST(Scalars, Numbers) {
  EXPECT_EQ(*parse_number("0.9"), 0.9);
  EXPECT_EQ(*parse_number("-5"), -5);
  EXPECT_EQ(*parse_number("1e6"), 1e6);
  EXPECT_EQ(*parse_number("1E-2"), 0.01);
  EXPECT_EQ(parse_number("1e999").error(), "expected a number that fits a double, not '1e999'");
  for (const char* wrong : {"", ".", ".5", "5.", "-", "1e", "1e+", ".inf", ".nan", "inf", "nan",
                            "0x1p3", "1_0", "012", "90%", "1,5", "--1", "1 "}) {
    EXPECT_FALSE(parse_number(wrong).ok()) << wrong;
  }
}

TEST(Scalars, NumbersReadBackWhatIsWritten) {
  EXPECT_TRUE(rc::check([](double number) {
    RC_PRE(std::isfinite(number));
    RC_ASSERT(*parse_number(to_text(number)) == number);
  }));
}

TEST(Scalars, QuotesNothingThatHurtsATerminal) {
  EXPECT_EQ(in_quotes("a\x1b[31mb"), "'a [31mb'");
  EXPECT_EQ(in_quotes(std::string(1000, 'x')), "'" + std::string(64, 'x') + "…'");
  EXPECT_EQ(in_quotes("Stra\xdf"
                      "e"),
            "'Straße'");
}

TEST(Scalars, NeverTakesWhatItDidNotRead) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    const std::string behind = text + "!";  // no word of the language ends so
    RC_ASSERT(!parse_duration(behind).ok());
    RC_ASSERT(!parse_size(behind).ok());
    RC_ASSERT(!parse_rate(behind).ok());
    RC_ASSERT(!parse_boolean(behind).ok());
    RC_ASSERT(!parse_integer(behind).ok());
    RC_ASSERT(!parse_number(behind).ok());
    RC_ASSERT(!parse_listen(behind).ok());
  }));
}

TEST(Addresses, Devices) {
  const auto at = [](const char* text) { return *parse_address(text, 161); };
  EXPECT_EQ(at("10.0.0.1"), (HostPort{"10.0.0.1", 161}));
  EXPECT_EQ(at("10.0.0.1:1161"), (HostPort{"10.0.0.1", 1161}));
  EXPECT_EQ(at("[2001:db8::1]"), (HostPort{"2001:db8::1", 161}));
  EXPECT_EQ(at("[::1]:65535"), (HostPort{"::1", 65535}));
  EXPECT_EQ(at("md-core-1.example.org"), (HostPort{"md-core-1.example.org", 161}));
  EXPECT_EQ(at("localhost:16161"), (HostPort{"localhost", 16161}));
  for (const char* wrong :
       {"",         ":161", "10.0.0.256", "10.0.0",  "1",      "[10.0.0.1]", "[::1",     "::1",
        "[::1]161", "a:",   "a:0",        "a:65536", "a:0161", "a:x",        "a b",      "-a",
        "a-",       "a..b", "a.",         "ä.de",    "a:1:2",  "[]:1",       "010.0.0.1"}) {
    EXPECT_FALSE(parse_address(wrong, 161).ok()) << wrong;
  }
  EXPECT_FALSE(parse_address(std::string(64, 'a'), 161).ok());
  EXPECT_TRUE(parse_address(std::string(63, 'a'), 161).ok());
}

TEST(Addresses, ListenTakesPortZero) {
  EXPECT_EQ(parse_cidr("0.0.0.0/0")->length, 96U);
  EXPECT_EQ(parse_cidr("10.0.0.1/32")->length, 128U);
  EXPECT_EQ(parse_cidr("::/0")->length, 0U);
  EXPECT_EQ(parse_cidr("::1/128")->length, 128U);
  for (const char* wrong : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129",
                            "::/-1", "::/ 1", "10.0.0.0/8x", "fe80::1%eth0/64", "10.0.0.0/8/8"}) {
    EXPECT_EQ(parse_cidr(wrong).error(),
              "expected a network such as 10.0.0.0/16 or 2001:db8::/32, not '" +
                  std::string(wrong) + "'");
  }
  EXPECT_FALSE(parse_cidr("2001:db8::1/64").ok());
  EXPECT_EQ(*parse_listen("127.0.0.1:0"), (HostPort{"127.0.0.1", 0}));
  EXPECT_EQ(*parse_listen("[::]:9690"), (HostPort{"::", 9690}));
  EXPECT_FALSE(parse_listen("127.0.0.1").ok());
  EXPECT_FALSE(parse_listen(":9690").ok());
}

TEST(Addresses, Endpoints) {
  EXPECT_EQ(parse_endpoint("ipc:///run/itnxt/x", true)->path, "/run/itnxt/x");
  EXPECT_EQ(parse_endpoint("ipc://@itnxt", true)->path, "@itnxt");
  EXPECT_EQ(parse_endpoint("tcp://127.0.0.1:5690", false)->tcp, (HostPort{"127.0.0.1", 5690}));
  EXPECT_EQ(parse_endpoint("tcp://[::1]:5690", false)->tcp, (HostPort{"::1", 5690}));
  EXPECT_EQ(parse_endpoint("tcp://127.0.0.1:*", true)->tcp.port, 0);
  EXPECT_EQ(parse_endpoint("tcp://127.0.0.1:0", true)->tcp.port, 0);
  EXPECT_EQ(parse_endpoint("tcp://*:5690", true)->tcp.host, "0.0.0.0");
  for (const char* wrong :
       {"", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:*",
        "udp://127.0.0.1:1", "ipc://", "ipc://@", "inproc://x", "127.0.0.1:1",
        "tcp://eth0;127.0.0.1:1", "TCP://127.0.0.1:1"}) {
    EXPECT_FALSE(parse_endpoint(wrong, false).ok()) << wrong;
  }
}

TEST(Addresses, Urls) {
  EXPECT_EQ(*parse_http_url("http://127.0.0.1:9093"), (HttpUrl{false, {"127.0.0.1", 9093}}));
  EXPECT_EQ(*parse_http_url("https://example.org/a?b=c"), (HttpUrl{true, {"example.org", 443}}));
  EXPECT_EQ(*parse_http_url("http://[::1]/x"), (HttpUrl{false, {"::1", 80}}));
  for (const char* wrong :
       {"", "http://", "example.org", "ftp://example.org", "http:///x", "http://a b/",
        "http://a/#x", "http://u:p@a/", "http://a:0/", "http://a/\n", "HTTP://a/", "http://ä/"}) {
    EXPECT_FALSE(parse_http_url(wrong).ok()) << wrong;
  }
  EXPECT_EQ(parse_http_url("http://me:hunter2@a/").error(),
            "expected a URL without user and password; they would end up in logs");
  EXPECT_FALSE(parse_http_url("http://a/" + std::string(2048, 'x')).ok());
}

TEST(Addresses, Loopback) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"10.0.0.1", "0.0.0.0", "::", "127.0.0.1.example.org", "localhost.org"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace itnxt
