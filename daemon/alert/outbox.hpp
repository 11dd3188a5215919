// Delivery of pages and closes by one channel: order, retries, back-off. Pure; one thread.
//
// Per incident: first the page, then the close, each delivered once; and a subject's next incident
// waits until the one before is closed, so that no receiver sees two open pages of one. An alert
// that ends before its page was delivered is still owed: page and close are sent, in order, so that
// the on-call learns that it happened. Whatever is not about the message itself is tried
// again for ever, after 1 s, 2 s … 5 min with a jitter of a quarter either way that depends only on
// delivery and attempt. A success makes everything that waits due at once. 400, 413 and 422 are a
// refusal: not tried again, and the close of a refused page is not sent. Retry-After holds the
// whole channel, five minutes at most. At most kParallel attempts run at a time, so that a hung
// receiver holds few.
//
// Bound: kMaxOwed incidents with something to send; beyond it the oldest that ended without its
// page ever delivered is given up, and the caller is told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/alert/alert.hpp"

namespace itnxt {

// What became of one attempt.
struct Answer {
  enum class Kind : std::uint8_t { delivered, retry, refused };
  Kind kind = Kind::retry;
  std::optional<Duration> retry_after;
  std::string problem;  // for the log; empty when delivered
};

// What the owner of the deliveries must store.
enum class Progress : std::uint8_t {
  none,            // will be tried again
  page_delivered,  // the close, if there is one, is next
  closed,          // page and close delivered: forget it
  refused,         // the receiver never wants it: forget it
  given_up,        // more is owed than fits: forget it
};

// Doubling from 1 s to `most`, times 0.75 … 1.25, at most `most`. `failures` ≥ 1.
Duration back_off(std::uint32_t failures, Duration most, std::string_view jitter_of);

class Outbox {
 public:
  static constexpr std::size_t kParallel = 4;
  static constexpr std::size_t kMaxOwed = 10'000;
  static constexpr Duration kMaxBackOff = 5min;

  struct Attempt {
    std::string incident;
    DeliveryStep step = DeliveryStep::page;
    std::string id;  // of this page or close on this channel; the same in every attempt and life
    Alert alert;
    std::optional<WallTime> ended;
  };
  struct Settled {
    Progress progress = Progress::none;
    DeliveryStep step = DeliveryStep::page;
    std::uint32_t failures = 0;  // of this step so far, in this life
    Duration retry_in{};         // when progress is none
  };

  // A new delivery, a restored one, or one whose close came. What is in flight stays as it is.
  // Returns the incidents given up for room.
  std::vector<std::string> put(const Delivery& delivery, Instant now);

  // Begins the attempts that are due; each must be settled.
  std::vector<Attempt> due(Instant now);
  Settled settle(const std::string& incident, const Answer& answer, Instant now);

  // When due() has something again; absent when it depends on a settle() or a put().
  [[nodiscard]] std::optional<Instant> next() const;
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t waiting() const {
    return waiting_;
  }  // pages and closes not delivered yet

 private:
  struct Item {
    Delivery delivery;
    std::uint64_t order = 0;
    std::uint32_t failures = 0;
    bool in_flight = false;
    Instant due;
  };
  using Items = std::map<std::string, Item>;
  using Queue = std::set<std::tuple<Instant, std::uint64_t, std::string>>;
  // The incidents of one (alert, subject), in order; only the first is worked on.
  using Chain = std::map<std::uint64_t, std::string>;
  using SubjectKey = std::pair<std::string, std::string>;
  [[nodiscard]] static SubjectKey subject_of(const Item& item);
  [[nodiscard]] static bool owes(const Item& item);
  [[nodiscard]] static bool may_go(const Item& item);
  void count(const Item& item);    // after an item came or changed …
  void uncount(const Item& item);  // … and before it changes or goes
  void enqueue(Item& item, Instant due);
  void erase(Items::iterator item, Instant now);
  std::vector<std::string> make_room(Instant now);
  void all_due(Instant now);
  void fail(Item& item, const Answer& answer, Instant now, Settled& settled);

  Items items_;
  Queue queue_;  // owed, first of their chain and not in flight
  std::map<SubjectKey, Chain> chains_;
  std::size_t in_flight_ = 0;
  std::size_t waiting_ = 0;
  std::size_t owed_ = 0;                         // items that owe something
  std::map<std::uint64_t, std::string> may_go_;  // what make_room() may give up, oldest first
  std::uint64_t next_order_ = 0;
  bool failing_ = false;  // something failed since the last success
  Instant held_until_;
};

}  // namespace itnxt
