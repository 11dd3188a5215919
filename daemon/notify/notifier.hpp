// A channel: brings deliveries to one kind of receiver. On the loop's thread; nothing blocks.
//
// To add a kind: a struct in daemon/config/config.hpp, a class here, a line in channels.cpp.
#pragma once

#include <functional>
#include <string>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/board.hpp"
#include "daemon/alert/outbox.hpp"
#include "daemon/core/log.hpp"
#include "daemon/io/http_client.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt {

class Notifier {
 public:
  virtual ~Notifier() = default;  // drops what is in flight without a report

  // A delivery that is new, restored, or changed (a close, another text). It is stored already.
  virtual void put(const Delivery& delivery) = 0;
  // Begins no further request. What is in flight ends and is reported.
  virtual void stop() = 0;
  [[nodiscard]] virtual bool busy() const = 0;  // a request is in flight
  [[nodiscard]] virtual BoardChannel board() const = 0;
};

// What a notifier is given; all outlive it.
struct NotifierContext {
  Loop& loop;
  Log& log;
  HttpPoster& http;
  std::string external_url;  // where people see more; may be empty
  // Called as soon as it is so; the owner stores it. Never from within put().
  std::function<void(const std::string& incident, Progress progress)> report;
};

}  // namespace itnxt
