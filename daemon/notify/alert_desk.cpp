#include "daemon/notify/alert_desk.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/notify/channels.hpp"
#include "daemon/notify/records.hpp"

namespace itnxt {
namespace {

const std::string kCrisisRecord = "crisis";

std::string record_key(const Alert& alert) {
  return alert.alert + '\n' + alert.subject;
}
std::string record_key(const EndedAlert& ended) {
  return ended.alert + '\n' + ended.group + '\n' + ended.member;
}
std::string record_key(const DeliveryKey& key) {
  return key.incident + '\n' + key.channel.text();
}

void record_transitions(const std::vector<Transition>& transitions, StoreChanges& records) {
  for (const Transition& transition : transitions) {
    auto& record = records[{kAlertShelf, record_key(transition.active.alert)}];
    switch (transition.change) {
      case AlertChange::pending:
      case AlertChange::firing:
        record = encode(transition.active);
        break;
      case AlertChange::dropped:
      case AlertChange::resolved:
        record.reset();
        break;
    }
  }
}

void record_ends(const Engine::Ends& ends, StoreChanges& records) {
  for (const EndedAlert& one : ends.over) records[{kEndedShelf, record_key(one)}] = std::nullopt;
  for (const EndedAlert& one : ends.begun) records[{kEndedShelf, record_key(one)}] = encode(one);
}

void record_incidents(const IncidentChanges& changes, StoreChanges& records) {
  for (const Incident& incident : changes.kept) {
    records[{kIncidentShelf, incident.id}] = encode(incident);
  }
  for (const std::string& id : changes.gone) records[{kIncidentShelf, id}] = std::nullopt;
}

}  // namespace

Result<std::unique_ptr<AlertDesk>> AlertDesk::open(Loop& loop, Log& log, const Config& config,
                                                   const std::string& external_url) {
  StoreFile::Options options;
  options.directory = config.aggregator.state;
  auto store = Store::open(loop, log, std::move(options));
  if (!store) return Error{store.error()};
  auto http = HttpClient::start(loop);
  if (!http) return Error{http.error()};
  std::unique_ptr<AlertDesk> desk(new AlertDesk(loop, log, config, external_url,
                                                std::move(store->store), std::move(http).value()));
  desk->restore(store->rows);
  desk->store_->on_late_rows(
      [desk = desk.get()](const std::vector<StoreRow>& rows) { desk->restore_late(rows); });
  return desk;
}

AlertDesk::AlertDesk(Loop& loop, Log& log, const Config& config, std::string external_url,
                     std::unique_ptr<Store> store, std::unique_ptr<HttpPoster> http)
    : loop_(loop),
      log_(log),
      config_(config),
      external_url_(std::move(external_url)),
      engine_(config),
      crisis_(config.crisis),
      deliveries_(config.notify),
      store_(std::move(store)),
      http_(std::move(http)) {}

AlertDesk::~AlertDesk() = default;

StoreChanges AlertDesk::take_over(const std::vector<StoreRow>& rows,
                                  std::vector<Delivery>& changed) {
  std::vector<ActiveAlert> active;
  std::vector<EndedAlert> ended;
  std::vector<Incident> incidents;
  std::vector<Delivery> deliveries;
  std::optional<CrisisMemory> crisis;
  StoreChanges records;
  const auto take = [&](const StoreRow& row, auto decoded, auto& into) {
    if (decoded) {
      into.push_back(*std::move(decoded));
    } else {
      records[{row.shelf, row.key}] = std::nullopt;
    }
  };
  for (const StoreRow& row : rows) {
    if (row.shelf == kAlertShelf) {
      take(row, decode_active(row.body), active);
    } else if (row.shelf == kEndedShelf) {
      take(row, decode_ended(row.body), ended);
    } else if (row.shelf == kIncidentShelf) {
      take(row, decode_incident(row.body), incidents);
    } else if (row.shelf == kDeliveryShelf) {
      take(row, decode_delivery(row.body), deliveries);
    } else {
      if (row.shelf == kCrisisShelf) crisis = decode_crisis(row.body);
      if (!crisis) records[{row.shelf, row.key}] = std::nullopt;
    }
  }
  if (!records.empty()) {
    log_.error("records of the alert state cannot be read and are dropped",
               {{"records", std::to_string(records.size())}});
  }
  if (crisis) crisis_.restore(*std::move(crisis), loop_.now(), loop_.wall_now());
  engine_.restore(std::move(active), loop_.now(), loop_.wall_now());
  engine_.restore_ended(ended, loop_.now(), loop_.wall_now());
  deliveries_.restore(std::move(deliveries));
  // A page that waits for the disk has not left.
  const auto told = [&, held = held_keys()](const std::string& incident) {
    const auto& book = deliveries_.all();
    const auto first = book.lower_bound({incident, ChannelName()});
    return first != book.end() && first->first.incident == incident && !held.contains(first->first);
  };
  const Incidents::Merged merged = incidents_.restore(std::move(incidents), engine_.active(), told,
                                                      loop_.now(), loop_.wall_now());
  DeliveryChanges settled = deliveries_.settle(merged, loop_.wall_now());
  record_deliveries(settled, records);
  for (const Incident& one : merged.outlived) records[{kIncidentShelf, one.id}] = std::nullopt;
  for (const std::string& id : merged.unsaid) records[{kIncidentShelf, id}] = std::nullopt;
  DeliveryChanges changes = deliveries_.reconfigure(config_.notify, incidents_.open());
  record_deliveries(changes, records);
  await_release();
  changed = std::move(settled.changed);
  changed.insert(changed.end(), changes.changed.begin(), changes.changed.end());
  return records;
}

void AlertDesk::restore(const std::vector<StoreRow>& rows) {
  std::vector<Delivery> changed;
  StoreChanges records = take_over(rows, changed);
  commit(std::move(records), std::move(changed));
  set_channels(config_.notify);
}

// The state of before the restart, read only now: the disk was not there.
void AlertDesk::restore_late(const std::vector<StoreRow>& rows) {
  log_.notice("the alert state of before the start can be read now and is taken over",
              {{"records", std::to_string(rows.size())}});
  std::vector<Delivery> owed;
  StoreChanges records = take_over(rows, owed);
  // What both lives named under one key is on the disk as one of them said it.
  for (const ActiveAlert* one : engine_.active()) {
    records[{kAlertShelf, record_key(one->alert)}] = encode(*one);
  }
  records[{kCrisisShelf, kCrisisRecord}] = encode(crisis_.memory());
  owed.clear();
  const std::set<DeliveryKey> held = held_keys();
  for (const auto& [key, delivery] : deliveries_.all()) {
    if (!held.contains(key)) owed.push_back(delivery);
  }
  commit(std::move(records), std::move(owed));
}

void AlertDesk::observe(const std::shared_ptr<const Snapshot>& snapshot) {
  if (draining_) return;
  replace_idle_channels();
  const Instant now = loop_.now();
  const WallTime wall = loop_.wall_now();
  const std::vector<Transition> transitions = engine_.evaluate(*snapshot, now, wall);
  const CrisisVerdict crisis = crisis_.evaluate(*snapshot, now, wall);
  StoreChanges records;
  record_transitions(transitions, records);
  record_ends(engine_.take_ends(), records);
  if (crisis.changed) records[{kCrisisShelf, kCrisisRecord}] = encode(crisis_.memory());
  tell(incidents_.update(transitions, crisis, now, wall), std::move(records));
}

void AlertDesk::tell(const IncidentChanges& incidents, StoreChanges records) {
  DeliveryChanges deliveries = deliveries_.apply(incidents.pages, loop_.wall_now());
  record_incidents(incidents, records);
  record_deliveries(deliveries, records);
  commit(std::move(records), std::move(deliveries.changed));
  await_release();
}

void AlertDesk::await_release() {
  const std::optional<Instant> at = incidents_.next_release();
  if (!at) return release_timer_.cancel();
  release_timer_ = loop_.after(std::max(Duration::zero(), *at - loop_.now()), [this] {
    if (!draining_) tell(incidents_.release(loop_.now()), {});
  });
}

void AlertDesk::record_deliveries(const DeliveryChanges& changes, StoreChanges& records) const {
  for (const Delivery& delivery : changes.changed) {
    records[{kDeliveryShelf, record_key({delivery.incident, delivery.channel})}] = encode(delivery);
  }
  for (const DeliveryKey& key : changes.gone) {
    records[{kDeliveryShelf, record_key(key)}] = std::nullopt;
  }
}

void AlertDesk::commit(StoreChanges records, std::vector<Delivery> then_send) {
  if (records.empty()) return;
  dirty_ = true;
  const std::uint64_t number = ++commits_;
  if (!then_send.empty()) held_.push_back({number, loop_.now(), std::move(then_send)});
  store_->commit(std::move(records), [this, number](bool) {
    stalled_.clear();
    dirty_ = true;
    release(number);
  });
  if (!held_.empty() && !commit_timer_) watch_commits();
}

// Fail open: a disk that hangs must not hold a page.
void AlertDesk::watch_commits() {
  if (held_.empty()) {
    commit_timer_.cancel();
    return;
  }
  const Duration age = loop_.now() - held_.front().since;
  if (age >= kMaxCommit) {
    const std::string path = config_.aggregator.state + "/alerts.db";
    if (stalled_.empty()) {
      stalled_ = "no answer from the disk of " + path + " for " + to_text(kMaxCommit);
      log_.error("the alert state is not being written: pages go out from memory",
                 {{"problem", stalled_}});
      dirty_ = true;
    }
    release(held_.front().number);
    watch_commits();
    return;
  }
  commit_timer_ = loop_.after(kMaxCommit - age, [this] { watch_commits(); });
}

void AlertDesk::release(std::uint64_t up_to) {
  while (!held_.empty() && held_.front().number <= up_to) {
    const std::vector<Delivery> deliveries = std::move(held_.front().deliveries);
    held_.pop_front();
    for (Delivery delivery : deliveries) {
      // Refused, or its channel gone, in the meantime: no longer owed.
      const auto owed = deliveries_.all().find({delivery.incident, delivery.channel});
      const auto slot = slots_.find(delivery.channel);
      if (owed == deliveries_.all().end() || slot == slots_.end() || slot->second.replace) continue;
      delivery.page_delivered = owed->second.page_delivered;
      slot->second.notifier->put(delivery);
    }
  }
  if (held_.empty()) commit_timer_.cancel();
}

void AlertDesk::on_report(const ChannelName& channel, const std::string& incident,
                          Progress progress) {
  dirty_ = true;
  StoreChanges records;
  record_deliveries(deliveries_.progress(incident, channel, progress), records);
  commit(std::move(records), {});
}

std::unique_ptr<Notifier> AlertDesk::make_channel(const Channel& channel, BoardChannel start) {
  NotifierContext context{
      loop_, log_, *http_, external_url_,
      [this, name = channel.name](const std::string& incident, Progress progress) {
        on_report(name, incident, progress);
      }};
  auto notifier = make_notifier(channel, std::move(context), std::move(start));
  const std::set<DeliveryKey> held = held_keys();
  for (const Delivery& delivery : deliveries_.of(channel.name)) {
    if (!held.contains({delivery.incident, delivery.channel})) notifier->put(delivery);
  }
  return notifier;
}

std::set<DeliveryKey> AlertDesk::held_keys() const {
  std::set<DeliveryKey> keys;
  for (const Held& held : held_) {
    for (const Delivery& d : held.deliveries) keys.insert({d.incident, d.channel});
  }
  return keys;
}

void AlertDesk::set_channels(const NotifyConfig& config) {
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    const bool stays = std::any_of(config.channels.begin(), config.channels.end(),
                                   [&](const Channel& c) { return c.name == slot->first; });
    if (stays) {
      ++slot;
      continue;
    }
    slot->second.notifier->stop();
    leaving_.push_back(std::move(slot->second.notifier));
    slot = slots_.erase(slot);
  }
  for (const Channel& channel : config.channels) {
    const auto [place, is_new] = slots_.try_emplace(channel.name);
    Slot& slot = place->second;
    if (is_new) {
      slot.config = channel;
      slot.notifier = make_channel(channel, {});
    } else if (!(slot.config == channel)) {
      slot.config = channel;
      slot.replace = true;
      slot.notifier->stop();
    }
  }
  replace_idle_channels();
}

// Only what is idle goes: a request that is cut off may have reached its receiver.
void AlertDesk::replace_idle_channels() {
  std::erase_if(leaving_, [](const auto& notifier) { return !notifier->busy(); });
  for (auto& [name, slot] : slots_) {
    if (!slot.replace || slot.notifier->busy()) continue;
    BoardChannel counts = slot.notifier->board();
    slot.notifier = make_channel(slot.config, std::move(counts));
    slot.replace = false;
    dirty_ = true;
  }
}

void AlertDesk::reconfigure(const Config& config) {
  if (draining_) return;
  config_ = config;
  engine_.reconfigure(config);
  crisis_.reconfigure(config.crisis);
  DeliveryChanges changes = deliveries_.reconfigure(config.notify, incidents_.open());
  if (changes.abandoned > 0) {
    log_.warning("messages were dropped with the channels that left the configuration",
                 {{"messages", std::to_string(changes.abandoned)}});
  }
  StoreChanges records;
  record_deliveries(changes, records);
  commit(std::move(records), std::move(changes.changed));
  set_channels(config.notify);
  dirty_ = true;
}

void AlertDesk::drain(Duration limit, Loop::Callback done) {
  draining_ = true;
  for (auto& [name, slot] : slots_) slot.notifier->stop();
  drain_until_ = loop_.now() + limit;
  check_drained(std::move(done));
}

// Looks again and again: an attempt that failed ends without a report.
void AlertDesk::check_drained(Loop::Callback done) {
  const bool busy =
      std::any_of(slots_.begin(), slots_.end(),
                  [](const auto& slot) { return slot.second.notifier->busy(); }) ||
      std::any_of(leaving_.begin(), leaving_.end(), [](const auto& one) { return one->busy(); });
  const bool over = (!busy && store_->idle()) || loop_.now() >= drain_until_;
  if (over) {
    // In a round of its own: the caller may destroy the desk.
    drain_timer_ = loop_.after(Duration::zero(), std::move(done));
    return;
  }
  drain_timer_ = loop_.after(20ms, [this, done = std::move(done)] { check_drained(done); });
}

std::shared_ptr<const Board> AlertDesk::board() const {
  if (dirty_ || !is_current(board_.get())) {
    board_ = std::make_shared<const Board>(make_board());
  }
  dirty_ = false;
  return board_;
}

bool AlertDesk::is_current(const Board* board) const {
  if (board == nullptr || board->channels.size() != slots_.size()) return false;
  if (stalled_.empty() && board->storage_problem != store_->problem()) return false;
  return std::equal(slots_.begin(), slots_.end(), board->channels.begin(),
                    [](const auto& slot, const BoardChannel& shown) {
                      return shows_the_same(slot.second.notifier->board(), shown);
                    });
}

Board AlertDesk::make_board() const {
  Board board;
  for (const Rule& rule : config_.rules) board.rules.push_back({rule.alert, rule.severity});
  board.alerts = board_alerts(engine_, incidents_);
  for (const auto& [name, slot] : slots_) board.channels.push_back(slot.notifier->board());
  board.crisis = crisis_.memory().state;
  board.crisis_sites = crisis_.memory().told;
  board.storage_problem = stalled_.empty() ? store_->problem() : stalled_;
  return board;
}

}  // namespace itnxt
