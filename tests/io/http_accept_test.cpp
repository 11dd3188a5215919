#include "daemon/io/http_accept.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace itnxt {
namespace {

TEST(HttpAccept, OpenMetricsOnlyWherePreferred) {
  struct Row {
    std::string accept;
    bool open;
  };
  for (const Row& row : std::vector<Row>{
           {"", false},
           {"*/*", false},
           {"text/html", false},
           {"text/plain", false},
           {"application/openmetrics-text", true},
           {"application/openmetrics-text; version=1.0.0; charset=utf-8", true},
           {"APPLICATION/OpenMetrics-Text;VERSION=\"1.0.0\"", true},
           {"application/openmetrics-text;version=0.0.1", false},
           {"application/openmetrics-text;version=2.0.0,text/plain", false},
           // Prometheus 2.42 and 3.x
           {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
            "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            true},
           {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
            "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
            "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            true},
           {"application/openmetrics-text;q=0.5,text/plain;q=0.6", false},
           {"application/openmetrics-text;q=0.5,text/plain;q=0.5", false},
           {"application/openmetrics-text;q=0.5,text/plain;q=0.4", true},
           {"application/openmetrics-text;q=0.5,text/*;q=0.9", false},
           {"application/openmetrics-text;q=0.5,*/*", false},
           {"application/openmetrics-text;q=0", false},
           {"application/openmetrics-text;q=nonsense", false},
           {"application/openmetrics-text;q=0.0001", false},
           {",,;;,=,application/openmetrics-text", true},
       }) {
    EXPECT_EQ(metrics_format(row.accept) == MetricsFormat::open_metrics_1_0, row.open)
        << row.accept;
  }
}

TEST(HttpAccept, Gzip) {
  EXPECT_FALSE(takes_gzip(""));
  EXPECT_FALSE(takes_gzip("identity"));
  EXPECT_FALSE(takes_gzip("gzip;q=0"));
  EXPECT_FALSE(takes_gzip("*, gzip;q=0.000"));
  EXPECT_FALSE(takes_gzip("br;q=1.0"));
  EXPECT_TRUE(takes_gzip("gzip"));
  EXPECT_TRUE(takes_gzip("br, GZIP ; q=0.5"));
  EXPECT_TRUE(takes_gzip("*"));
  EXPECT_TRUE(takes_gzip("x-gzip"));
}

TEST(HttpAccept, ALongListIsReadToItsBound) {
  std::string list;
  for (int i = 0; i < 64; ++i) list += "a/b,";
  EXPECT_EQ(metrics_format(list + "application/openmetrics-text"), MetricsFormat::text_0_0_4);
}

}  // namespace
}  // namespace itnxt
