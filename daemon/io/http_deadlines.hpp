// How long a client may keep a connection. libmicrohttpd ends one on which nothing moves; who sends
// or takes a byte now and then would keep it, and the state its answer is made from, for ever.
//
// Time comes from sweep() alone: a stay is counted from the first sweep that sees it, so never too
// short. sweep() every second on the loop's thread, the others on libmicrohttpd's threads.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "daemon/core/time.hpp"

namespace itnxt {

// For a request to be there whole, from the connection or from the end of the answer before. Longer
// than the 10 s that libmicrohttpd lets a connection idle: only who drips meets it.
inline constexpr Duration kRequestLimit = 15s;
// For an answer to be taken. 100 MB (a tenth of that when gzip was asked for) at 7 Mbit/s; a scrape
// that took longer would be of no use.
inline constexpr Duration kAnswerLimit = 2min;

class HttpDeadlines {
 public:
  // `fd` is the connection's and open until closed() has returned, so that no number is taken for
  // another connection's.
  void opened(int fd);
  void closed(int fd);
  void answering(int fd);  // the request is there whole
  void answered(int fd);
  // Shuts down the connections of those who are too slow; their owner hears of it and closes.
  void sweep(Instant now);

 private:
  enum class Phase : std::uint8_t { request, answer };
  struct Stay {
    Phase phase = Phase::request;
    std::optional<Instant> since;  // the first sweep that saw it
  };

  std::mutex mutex_;
  std::map<int, Stay> stays_;  // by fd; as many as connections, at most
};

}  // namespace itnxt
