// Random histories of alerts that fire, end and fire again, of restarts on both sides, of an
// Alertmanager that cannot be reached and of answers that get lost, against a model of
// Alertmanager.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "daemon/alert/lease.hpp"
#include "daemon/alert/showing.hpp"
#include "tests/alert/alertmanager_model.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

constexpr int kSubjects = 3;
constexpr Duration kSettled = 65s;  // after so long within reach it has everything again

Labels labels_of(int subject) {
  return {{"alertname", "LinkDown"}, {"subject", "link l" + std::to_string(subject)}};
}

// Showing and queue wired as the notifier wires them; the book is what survives a restart.
struct World {
  std::map<std::string, Delivery> book;
  std::map<int, std::string> open;     // subject → incident
  std::map<std::string, int> unheard;  // incidents of which the receiver knows nothing yet
  std::unique_ptr<Showing> showing = std::make_unique<Showing>();
  std::unique_ptr<LeaseQueue> queue = std::make_unique<LeaseQueue>("am");
  AlertmanagerModel manager;
  bool reachable = true;
  Duration at = 1h;
  Duration troubled = 0s;  // when it was last out of reach

  [[nodiscard]] Instant now() const { return Instant(at); }
  [[nodiscard]] WallTime wall() const { return wall_at(at); }

  void report(const std::string& incident, Progress progress) {
    const auto found = book.find(incident);
    if (found == book.end() || progress == Progress::none) return;
    if (progress == Progress::page_delivered) {
      Delivery& d = found->second;
      if (d.close && !d.page_delivered) d.shown_until = wall() + Showing::kShowLate;
      d.page_delivered = true;
    } else {
      RC_ASSERT(found->second.close.has_value());  // nothing that fires is forgotten
      book.erase(found);
    }
  }
  void let_go(const std::vector<Showing::Over>& all) {
    for (const Showing::Over& over : all) {
      queue->forget(over.incident);
      report(over.incident, over.progress);
    }
  }
  void put(const Delivery& delivery) {
    const std::string incident = delivery.incident;
    let_go(showing->put(delivery, now(), wall()));
    if (showing->known(incident)) queue->changed(incident, now());
  }
  void fire(int subject) {
    if (open.contains(subject)) return;
    Delivery d;
    d.incident = std::to_string(*rc::gen::arbitrary<std::uint64_t>());
    d.page.alert = "LinkDown";
    d.page.subject = "link l" + std::to_string(subject);
    d.page.labels = labels_of(subject);
    d.page.since = wall();
    if (!book.emplace(d.incident, d).second) return;
    open[subject] = d.incident;
    unheard[d.incident] = subject;
    put(d);
  }
  void resolve(int subject) {
    const auto found = open.find(subject);
    if (found == open.end()) return;
    Delivery& d = book.at(found->second);
    d.close = d.page;
    d.ended = wall();
    open.erase(found);
    put(d);
  }
  void restart() {
    showing = std::make_unique<Showing>();
    queue = std::make_unique<LeaseQueue>("am");
    std::vector<Delivery> all;
    for (const auto& [incident, delivery] : book) all.push_back(delivery);
    if (*rc::gen::arbitrary<bool>()) std::reverse(all.begin(), all.end());
    for (const Delivery& delivery : all) put(delivery);
  }
  void exchange(bool answer_lost) {
    const Showing::Turned turned = showing->turn(now());
    let_go(turned.over);
    for (const std::string& incident : turned.changed) queue->changed(incident, now());
    for (auto batch = queue->due(now()); !batch.empty(); batch = queue->due(now())) {
      std::vector<Showing::Statement> said;
      for (const std::string& incident : batch)
        said.push_back(showing->statement(incident, wall()));
      if (reachable) manager.take(said, wall());
      const bool taken = reachable && !answer_lost;
      if (!taken) troubled = at;
      const Answer answer{taken ? Answer::Kind::delivered : Answer::Kind::retry, {}, ""};
      for (const std::string& one : queue->settle(answer, now()).first_accepted) {
        report(one, showing->taken(one, now()).progress);
      }
    }
  }
  void pass(Duration by, bool answer_lost) {
    for (const Duration end = at + by; at < end; at += 1s) {
      if (!reachable) troubled = at;
      exchange(answer_lost);
      manager.look(wall());
      hear();
      if (at - troubled < kSettled) continue;
      for (int subject = 0; subject < kSubjects; ++subject) {
        RC_ASSERT(manager.active(labels_of(subject), wall()) == is_shown(subject));
      }
    }
  }
  // Fires, or ended before anybody could be told and is shown for that.
  [[nodiscard]] bool is_shown(int subject) const {
    return open.contains(subject) || std::any_of(book.begin(), book.end(), [&](const auto& one) {
             const Delivery& d = one.second;
             return d.page.labels == labels_of(subject) && d.shown_until && wall() < *d.shown_until;
           });
  }
  // A page that is open speaks of all that happened to its subject until now.
  void hear() {
    std::erase_if(unheard,
                  [&](const auto& one) { return manager.told(labels_of(one.second)).open(); });
  }
  void finish() {
    reachable = true;
    for (int subject = 0; subject < kSubjects; ++subject) resolve(subject);
    pass(10min, false);
    RC_ASSERT(unheard.empty());
    RC_ASSERT(book.empty());
    RC_ASSERT(showing->incidents().empty());
    RC_ASSERT(!queue->next().has_value());
    for (int subject = 0; subject < kSubjects; ++subject) {
      const auto told = manager.told(labels_of(subject));
      RC_ASSERT(told.pages == told.closes);
    }
  }
};

TEST(ShowingProperty, AlertmanagerShowsWhatFiresAndItsReceiverLearnsOfAll) {
  const auto ok = rc::check("what fires is active, what happened is told", [] {
    World world;
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
      const int what = *rc::gen::inRange(0, 20);
      const int subject = *rc::gen::inRange(0, kSubjects);
      if (what < 7) {
        world.fire(subject);
      } else if (what < 14) {
        world.resolve(subject);
      } else if (what < 16) {
        world.restart();
      } else if (what < 17) {
        world.manager.restart();
        world.troubled = world.at;
      } else if (what < 18) {
        world.reachable = !world.reachable;
      }
      const bool long_while = *rc::gen::inRange(0, 3) == 0;
      world.pass(Duration(1s) * *rc::gen::inRange(0, long_while ? 400 : 15),
                 *rc::gen::inRange(0, 5) == 0);
    }
    world.finish();
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace itnxt::test
