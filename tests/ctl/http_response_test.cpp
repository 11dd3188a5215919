#include "daemon/ctl/http_response.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace itnxt::ctl {
namespace {

// The whole answer at once, then the connection's end. "" and the response, or the error.
std::pair<std::string, HttpResponse> read(std::string_view bytes, std::size_t max_body = 1000,
                                          std::size_t piece = 1'000'000) {
  HttpResponseReader reader(max_body);
  while (!bytes.empty()) {
    const Status fed = reader.feed(bytes.substr(0, piece));
    if (!fed) return {fed.error(), {}};
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  const Status finished = reader.finish();
  if (!finished) return {finished.error(), {}};
  return {"", reader.take()};
}

struct Good {
  std::string_view bytes;
  int status;
  std::string_view body;
};
const std::vector<Good> kGood = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""},
    {"HTTP/1.1 200\r\nCONTENT-length:\t5 \r\n\r\nhello", 200, "hello"},
    {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", 200, "hello"},
    {"HTTP/1.0 404 Not Found\r\n\r\nuntil the end", 404, "until the end"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
    {"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200,
     "ok"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n02;x=y\r\nlo\r\n0\r\n\r\n",
     200, "hello"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
     200, "0123456789"},
};

TEST(HttpResponse, Reads) {
  for (const Good& row : kGood) {
    const auto [error, response] = read(row.bytes);
    EXPECT_EQ(error, "") << row.bytes;
    EXPECT_EQ(response.status, row.status) << row.bytes;
    EXPECT_EQ(response.body, row.body) << row.bytes;
  }
}

RC_GTEST_PROP(HttpResponse, PiecesMakeNoDifference, ()) {
  const Good& row = kGood[*rc::gen::inRange<std::size_t>(0, kGood.size())];
  const auto piece = *rc::gen::inRange<std::size_t>(1, 40);
  const auto [error, response] = read(row.bytes, 1000, piece);
  RC_ASSERT(error.empty());
  RC_ASSERT(response.status == row.status);
  RC_ASSERT(response.body == row.body);
}

TEST(HttpResponse, SaysWhatIsWrong) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  struct Row {
    std::string bytes, error;
  };
  const std::vector<Row> rows = {
      {"", "ended early, after 0 bytes of its head"},
      {"HTTP/1.1 200 OK\r\nX", "ended early, after 18 bytes of its head"},
      {"SSH-2.0-OpenSSH\r\n", "is no HTTP/1.1: it begins with \"SSH-2.0-OpenSSH\""},
      {"HTTP/2 200\r\n", "is no HTTP/1.1: it begins with \"HTTP/2 200\""},
      {"HTTP/1.1 2000 OK\r\n", "is no HTTP/1.1: it begins with \"HTTP/1.1 2000 OK\""},
      {"HTTP/1.1 \x1b]0;x\x07\r\n", "is no HTTP/1.1: it begins with \"HTTP/1.1 ]0;x\""},
      {ok + "no colon\r\n", "has a malformed header \"no colon\""},
      {ok + "a : b\r\n", "has a malformed header \"a : b\""},
      {ok + "a: b\r\n folded: c\r\n", "has a malformed header \"folded: c\""},
      {ok + "Content-Length: -1\r\n", "has a malformed Content-Length \"-1\""},
      {ok + "Content-Length: 99999999999999999999\r\n",
       "has a malformed Content-Length \"99999999999999999999\""},
      {ok + "Content-Length: 1\r\nContent-Length: 2\r\n", "has a malformed Content-Length \"2\""},
      {ok + "Content-Length: 5\r\n\r\nhell", "ended early, after 4 bytes of its body"},
      {ok + "Content-Length: 1001\r\n\r\n", "is larger than 1000 bytes"},
      {ok + "\r\n" + std::string(1001, 'x'), "is larger than 1000 bytes"},
      {ok + "Transfer-Encoding: gzip, chunked\r\n",
       "has an unknown Transfer-Encoding \"gzip, chunked\""},
      {ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       "has both a Content-Length and a Transfer-Encoding"},
      {ok + "Content-Encoding: gzip\r\n", "has a Content-Encoding \"gzip\" nobody asked for"},
      {chunked + "x\r\n", "has a malformed chunk size \"x\""},
      {chunked + "-1\r\n", "has a malformed chunk size \"-1\""},
      {chunked + "fffffffffffffffff\r\n", "has a malformed chunk size \"fffffffffffffffff\""},
      {chunked + "ffffffffffffffff\r\n", "is larger than 1000 bytes"},
      {chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\n", "is larger than 1000 bytes"},
      {chunked + "1\r\nxy\r\n", "has a chunk longer than its size"},
      {chunked + "1\r\nx\r\n", "ended early, after 1 bytes of its body"},
      {ok + "X: " + std::string(70'000, 'x'), "has a head of more than 65536 bytes"},
      {chunked + "1;" + std::string(70'000, 'x'), "has a head of more than 65536 bytes"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(read(row.bytes).first, row.error) << row.bytes.substr(0, 99);
}

TEST(HttpResponse, EndlessHeadersAndTrailersAreBounded) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 20'000; ++i) many += "a: b\r\n";
  EXPECT_EQ(read(many).first, "has a head of more than 65536 bytes");
  many = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 20'000; ++i) many += "a: b\r\n";
  EXPECT_EQ(read(many).first, "has a head of more than 65536 bytes");
  many.clear();
  for (int i = 0; i < 20'000; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(read(many).first, "has a head of more than 65536 bytes");
}

}  // namespace
}  // namespace itnxt::ctl
