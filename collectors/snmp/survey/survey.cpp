#include "collectors/snmp/survey/survey.hpp"

#include <algorithm>
#include <utility>

#include "collectors/snmp/survey/access.hpp"
#include "collectors/snmp/survey/tables.hpp"
#include "collectors/snmp/survey/talk.hpp"
#include "collectors/snmp/walk.hpp"
#include "daemon/core/text.hpp"

namespace itnxt::snmp::survey {
namespace {

constexpr Duration kLongestPatience = 1s;
constexpr Duration kShortestPatience = 250ms;  // with a device that is known to answer
constexpr Duration kHastiest = 50ms;           // with one that is not, when time is short
// Agents may move sysUpTime once a second only: what has not moved in longer stands still.
constexpr Duration kClockCheck = 1500ms;
constexpr std::array<std::uint16_t, 6> kSizes = {10, 25, 50, 100, 250, 600};

constexpr std::size_t kAtOnce = 16;  // varbinds of a request

constexpr Oid kUptime = {1, 3, 6, 1, 2, 1, 1, 3, 0};
constexpr Oid kContact = {1, 3, 6, 1, 2, 1, 1, 4, 0};
constexpr Oid kLocation = {1, 3, 6, 1, 2, 1, 1, 6, 0};
constexpr Oid kIfNumber = {1, 3, 6, 1, 2, 1, 2, 1, 0};
constexpr Oid kIfTableLastChange = {1, 3, 6, 1, 2, 1, 31, 1, 5, 0};
constexpr Oid kMib2 = {1, 3, 6, 1, 2, 1};

std::string text_of(const Oid& oid) {
  std::string text;
  for (std::size_t i = 0; i < oid.size; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(oid.arcs[i]);
  }
  return text;
}

Request get(const Oid& oid) {
  Request request;
  request.add(oid);
  return request;
}

class Surveyor {
 public:
  Surveyor(Wire& wire, const Questions& questions, usm::SaltCounter* salts)
      : questions_(questions), talk_(wire, questions.device, salts) {
    facts_.address = to_text(questions.device);
    facts_.inventory = questions.inventory;
    // So that silence to each of them, with a repetition, leaves time for the last.
    const auto most = static_cast<int>(2 * questions.candidates.size() + 3);
    patience_ = std::clamp(questions.budget / (3 * most), kHastiest, kLongestPatience);
  }

  Facts run() {
    (void)talk_.discover({patience(), 2});
    admitted_ = try_candidates(talk_, keys_, questions_.candidates, patience_, facts_);
    if (admitted_) {
      patience_ = std::clamp(talk_.round_trips().median * 20, kShortestPatience, kLongestPatience);
      ask_system();
      ask_tables();
      ask_sizes();
      walk();
    }
    if (questions_.guess) {
      const Credentials* used = admitted_ ? &admitted_->credentials : nullptr;
      guess(talk_, keys_, questions_.candidates, used, patience_, facts_);
    }
    if (admitted_) check_clock();
    facts_.engine = talk_.engine();
    facts_.round_trips = talk_.round_trips();
    facts_.strangers = talk_.strangers();
    facts_.late = talk_.late();
    facts_.malformed = talk_.malformed();
    facts_.out_of_time = facts_.out_of_time || talk_.over();
    return std::move(facts_);
  }

 private:
  [[nodiscard]] Duration patience() const { return patience_; }
  [[nodiscard]] Speaker& speaker() { return admitted_->speaker; }
  [[nodiscard]] SnmpVersion version() const { return admitted_->speaker.version(); }

  // --- what it says ----------------------------------------------------------------------------

  // Each alone, where one that is not there would fail all of them (version 1).
  template <class Take>
  void ask_each(RequestType type, std::span<const Oid> oids, const Take& take) {
    const std::size_t at_once = version() == SnmpVersion::v1 ? 1 : kAtOnce;
    for (std::size_t i = 0; i < oids.size(); i += at_once) {
      Request request;
      request.type = type;
      for (std::size_t k = i; k < std::min(i + at_once, oids.size()); ++k) request.add(oids[k]);
      const Answer answer = talk_.ask(speaker(), request, {patience(), 2});
      if (!answer.good()) continue;
      Varbinds varbinds = answer.message.begin();
      for (std::size_t k = i; k < std::min(i + at_once, oids.size()); ++k) {
        if (const auto varbind = varbinds.next()) take(k, *varbind);
      }
    }
  }

  void ask_system() {
    static constexpr std::array kOids = {kUptime, kContact, kLocation, kIfNumber,
                                         kIfTableLastChange};
    ask_each(RequestType::get, kOids, [this](std::size_t k, const Varbind& varbind) {
      if (k == 0) take_clock(varbind);
      if (k == 1 && varbind.type == Type::octets) facts_.sys_contact = sanitize(varbind.text());
      if (k == 2 && varbind.type == Type::octets) facts_.sys_location = sanitize(varbind.text());
      if (k == 3) facts_.if_number = varbind.number();
      if (k == 4) facts_.if_table_last_change = varbind.number();
    });
  }

  void take_clock(const Varbind& varbind) {
    const std::optional<std::uint64_t> ticks = varbind.number();
    if (!ticks || varbind.type != Type::time_ticks) return;
    const TimeTicks now{static_cast<std::uint32_t>(*ticks)};
    if (!clock_at_) {
      clock_at_ = talk_.now();
      clock_first_ = now;
    } else {
      facts_.clock = ClockCheck{clock_first_, now, talk_.now() - *clock_at_};
    }
  }

  void check_clock() {
    if (!clock_at_) return;
    const Duration passed = talk_.now() - *clock_at_;
    if (passed < kClockCheck) talk_.wait(kClockCheck - passed);
    const std::array oid = {kUptime};
    ask_each(RequestType::get, oid,
             [this](std::size_t, const Varbind& varbind) { take_clock(varbind); });
  }

  void ask_tables() {
    const std::span<const KnownTable> known = known_tables();
    std::vector<Oid> oids;
    for (const KnownTable& table : known) oids.push_back(table.oid);
    ask_each(RequestType::get_next, oids, [&](std::size_t k, const Varbind& varbind) {
      if (is_absent(varbind.type)) return;
      if (!dotted(varbind.oid).starts_with(text_of(oids[k]) + ".")) return;
      facts_.tables.emplace_back(known[k].name);
    });
  }

  // Ever more of MIB-2 at once, until the device gives no more.
  void ask_sizes() {
    if (version() == SnmpVersion::v1) return;
    Largest& largest = facts_.largest;
    for (const std::uint16_t repetitions : kSizes) {
      Request request = get(kMib2);
      request.type = RequestType::get_bulk;
      request.max_repetitions = repetitions;
      const Answer answer = talk_.ask(speaker(), request, {patience(), 2});
      if (talk_.over()) return;
      largest.asked = repetitions;
      if (answer.kind != Answer::Kind::message) {
        largest.end = Largest::End::silent;
        return;
      }
      if (answer.message.error_status != kNoError) {
        const bool too_big = answer.message.error_status == kTooBig;
        largest.end = too_big ? Largest::End::too_big : Largest::End::other_error;
        largest.error = error_status_name(answer.message.error_status);
        return;
      }
      const std::size_t count = answer.message.varbind_count;
      largest.bytes = std::max(largest.bytes, answer.bytes);
      largest.varbinds = std::max(largest.varbinds, count);
      if (count < repetitions || ends(answer.message)) {
        largest.end = ends(answer.message) ? Largest::End::everything : Largest::End::fewer;
        return;
      }
    }
    largest.end = Largest::End::everything;
  }

  static bool ends(const Message& message) {
    Varbinds varbinds = message.begin();
    while (const auto varbind = varbinds.next()) {
      if (varbind->type == Type::end_of_mib_view) return true;
    }
    return false;
  }

  // The interfaces, by the collector's own walk.
  void walk() {
    DeviceMemory memory;
    WalkPolicy policy;
    policy.timeout = patience();
    policy.retries = 2;
    policy.version = version() == SnmpVersion::v1 ? Version::v1 : Version::v2c;
    Walk walk(memory, policy, talk_.now());
    while (!walk.done()) {
      if (talk_.over()) {
        facts_.out_of_time = true;
        walk.expire(questions_.budget);
        break;
      }
      const Answer answer = talk_.ask(speaker(), walk.request(), {walk.patience(), 1});
      ++facts_.walk_requests;
      switch (answer.kind) {
        case Answer::Kind::message:
          walk.answer(answer.message, talk_.now());
          break;
        case Answer::Kind::silence:
          ++facts_.walk_unanswered;
          walk.timed_out();
          break;
        case Answer::Kind::refusal:
          walk.denied(answer.why, false);
          break;
        case Answer::Kind::not_sent:
          walk.not_sent(answer.why);
          walk.timed_out();
          break;
      }
    }
    facts_.sample = walk.finish(talk_.now());
    if (facts_.out_of_time) facts_.sample.problem.clear();  // told by itself
  }

  const Questions& questions_;
  Talk talk_;
  usm::KeyCache keys_;
  Facts facts_;
  Duration patience_ = kLongestPatience;
  std::optional<Admitted> admitted_;
  std::optional<Instant> clock_at_;
  TimeTicks clock_first_;
};

}  // namespace

Facts survey(Wire& wire, const Questions& questions) {
  // Without randomness there is no version 3, and what asks for it says so.
  std::optional<usm::SaltCounter> salts;
  if (const Result<std::uint64_t> seed = usm::random_salt_seed()) salts.emplace(*seed);
  return Surveyor(wire, questions, salts ? &*salts : nullptr).run();
}

}  // namespace itnxt::snmp::survey
