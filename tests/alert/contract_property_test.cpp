// The contract of a page, over random histories: links failing, recovering and falling silent,
// devices falling silent, crises, holds, restarts, reloads, receivers that fail and answers that
// get lost.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "daemon/alert/crisis.hpp"
#include "daemon/alert/deliveries.hpp"
#include "daemon/alert/engine.hpp"
#include "daemon/alert/incidents.hpp"
#include "tests/alert/build.hpp"

namespace itnxt::test {
namespace {

constexpr int kLinks = 6;

// What a webhook receiver that honours Idempotency-Key has seen.
struct Receiver {
  std::map<std::string, int> pages, closes;    // by delivery id
  std::map<std::string, std::string> open_of;  // subject → incident of its open page

  void take(const Outbox::Attempt& attempt) {
    if (attempt.step == DeliveryStep::page) {
      if (pages[attempt.id]++ > 0) return;
      RC_ASSERT(!open_of.contains(attempt.alert.subject));  // never paged twice without a close
      open_of[attempt.alert.subject] = attempt.incident;
    } else {
      if (closes[attempt.id]++ > 0) return;
      RC_ASSERT(open_of.contains(attempt.alert.subject));  // no close without a page
      RC_ASSERT(open_of[attempt.alert.subject] == attempt.incident);
      open_of.erase(attempt.alert.subject);
    }
  }
};

// The pure parts wired as the desk wires them; "the disk" is what survives restart().
struct World {
  Config config = make();
  Engine engine{config};
  Crisis crisis{config.crisis};
  Incidents incidents;
  Deliveries deliveries{config.notify};
  Outbox outbox;
  Receiver receiver;
  Snapshot snapshot = snapshot_of(config);
  Duration at{};

  static Config make() {
    Config config = config_with({link_down()});
    for (int i = 0; i < kLinks; ++i) {
      add_link(config, "l" + std::to_string(i), "md", "s" + std::to_string(i));
    }
    config.crisis = CrisisConfig{};
    config.crisis->min_sites = 3;
    config.crisis->recover_after = 30s;
    config.notify.channels = {{ChannelName("hook"), WebhookChannel{"http://127.0.0.1/", {}}}};
    config.notify.routes = {{{}, {ChannelName("hook")}}};
    return config;
  }
  [[nodiscard]] Instant now() const { return Instant(at); }

  void evaluate(Duration by) {
    at += by;
    const auto transitions = engine.evaluate(snapshot, now(), wall_at(at));
    const auto verdict = crisis.evaluate(snapshot, now(), wall_at(at));
    std::set<std::string> folded;
    for (const auto& [key, incident] : incidents.open()) {
      if (incident.suppressed) folded.insert(incident.id);
    }
    const auto changes = incidents.update(transitions, verdict, now(), wall_at(at),
                                          [&] { return engine.calm(now()); });
    for (const PageEvent& page : changes.pages) {
      if (page.kind == PageKind::open && folded.contains(page.incident.id)) {
        RC_ASSERT(!is_up(page.incident.alert.labels.at("link")));  // what is well is not paged
      }
    }
    tell(changes);
  }
  [[nodiscard]] bool is_up(const std::string& link) const {
    return std::any_of(snapshot.links.begin(), snapshot.links.end(), [&](const LinkView& view) {
      return view.name.text() == link && view.up == true;
    });
  }
  void release(Duration by) {
    at += by;
    tell(incidents.release(now()));
  }
  void tell(const IncidentChanges& changes) {
    for (const Delivery& d : deliveries.apply(changes.pages, wall_at(at)).changed) {
      outbox.put(d, now());
    }
  }
  // 0: delivered; 1: fails; 2: taken, but the answer is lost.
  void deliver(int fate) {
    for (const Outbox::Attempt& attempt : outbox.due(now())) {
      if (fate != 1) receiver.take(attempt);
      const Answer answer{fate == 0 ? Answer::Kind::delivered : Answer::Kind::retry, {}, ""};
      const auto settled = outbox.settle(attempt.incident, answer, now());
      (void)deliveries.progress(attempt.incident, ChannelName("hook"), settled.progress,
                                wall_at(at));
    }
  }
  // Killed and started again, perhaps with an attempt in flight whose answer nobody hears.
  void restart(bool in_flight) {
    if (in_flight) {
      for (const Outbox::Attempt& attempt : outbox.due(now())) receiver.take(attempt);
    }
    std::vector<ActiveAlert> active;
    for (const ActiveAlert* one : engine.active()) active.push_back(*one);
    std::vector<Incident> open;
    for (const auto& [key, incident] : incidents.open()) open.push_back(incident);
    std::vector<Delivery> owed;
    for (const auto& [key, delivery] : deliveries.all()) owed.push_back(delivery);
    const CrisisMemory memory = crisis.memory();

    engine = Engine(config);
    crisis = Crisis(config.crisis);
    incidents = Incidents();
    deliveries = Deliveries(config.notify);
    outbox = Outbox();
    at += 300ms;
    crisis.restore(memory, now(), wall_at(at));
    engine.restore(active, now(), wall_at(at));
    deliveries.restore(owed);
    (void)deliveries.settle(
        incidents.restore(
            open, engine.active(), [](const std::string&) { return true; }, now(), wall_at(at)),
        wall_at(at));
    for (const Delivery& d : deliveries.of(ChannelName("hook"))) outbox.put(d, now());
  }
  void reload(bool with_rule, bool with_crisis) {
    Config next = make();
    if (!with_rule) next.rules.clear();
    if (!with_crisis) next.crisis.reset();
    config = next;
    engine.reconfigure(config);
    crisis.reconfigure(config.crisis);
    (void)deliveries.reconfigure(config.notify, incidents.open());
  }
  // Nobody waits for a page that nothing will ever send.
  void expect_nothing_forgotten() const {
    for (const auto& [key, incident] : incidents.open()) {
      if (incident.held_until) RC_ASSERT(incidents.next_release().has_value());
      const bool owed = deliveries.all().contains({incident.id, ChannelName("hook")});
      RC_ASSERT(owed == incident.is_told());
    }
  }
  void finish() {
    reload(true, true);
    for (int i = 0; i < kLinks; ++i) set_up(snapshot, "l" + std::to_string(i), true);
    for (int i = 0; i < 100; ++i) {
      evaluate(10s);
      deliver(0);
    }
    at += 10min;  // the longest back-off
    for (int i = 0; i < 3 * kLinks + 6; ++i) deliver(0);
  }
};

TEST(PageContract, EveryPageGetsExactlyOneCloseOnceEverythingIsFine) {
  const auto ok = rc::check("one page, one close", [] {
    World world;
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      const int what = *rc::gen::inRange(0, 20);
      const std::string link = "l" + std::to_string(*rc::gen::inRange(0, kLinks));
      if (what < 8) {
        set_up(world.snapshot, link, false);
      } else if (what < 12) {
        set_up(world.snapshot, link, true);
      } else if (what < 13) {
        set_up(world.snapshot, link, std::nullopt);
      } else if (what < 14) {
        set_answers(world.snapshot, 's' + link.substr(1), *rc::gen::arbitrary<bool>());
      } else if (what < 17) {
        world.deliver(*rc::gen::inRange(0, 3));
      } else if (what < 19) {
        world.restart(*rc::gen::arbitrary<bool>());
      } else {
        world.reload(*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>());
      }
      const Duration unit = *rc::gen::arbitrary<bool>() ? Duration(1s) : Duration(50ms);
      if (*rc::gen::arbitrary<bool>()) world.release(unit);
      world.evaluate(unit * *rc::gen::inRange(0, 45));
      world.expect_nothing_forgotten();
    }
    world.finish();
    RC_ASSERT(world.receiver.open_of.empty());
    RC_ASSERT(world.receiver.pages.size() == world.receiver.closes.size());
    RC_ASSERT(world.incidents.open().empty());
    RC_ASSERT(world.deliveries.all().empty());
    RC_ASSERT(world.outbox.waiting() == 0U);
    RC_CLASSIFY(world.receiver.pages.size() > 3U, "several pages");
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace itnxt::test
