// The aggregator's HTTP server: /metrics, /-/healthy, /-/ready, /, /api/v1/…; GET and HEAD.
//
// Two threads of libmicrohttpd serve all connections by epoll; they read what Exchange holds and
// nothing else. Bounds: 1024 connections (768 of one address: scraper and screens may share a
// proxy), 32 KiB for a request's line and headers, 10 s without progress, 15 s for a whole request,
// 2 min for its answer (http_deadlines.hpp); answers are made piece by piece while they are sent.
// The Host header is of no account. stop: the destructor; open connections end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/io/api.hpp"
#include "daemon/io/exchange.hpp"
#include "daemon/io/process_figures.hpp"

namespace itnxt {

class HttpServer {
 public:
  // `exchange` and `figures` outlive the server. Port 0: the system chooses (tests).
  // Fails with "aggregator.http.listen HOST:PORT: cannot be bound: REASON: what to do".
  static Result<std::unique_ptr<HttpServer>> start(const HttpConfig& config,
                                                   const Exchange& exchange,
                                                   ProcessFigures& figures, ServerInfo server);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Every second, on the loop's thread: ends the connections of clients that are too slow.
  void sweep(Instant now);

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  struct Impl;
  HttpServer(std::unique_ptr<Impl> impl, std::uint16_t port);
  std::unique_ptr<Impl> impl_;
  const std::uint16_t port_;
};

}  // namespace itnxt
