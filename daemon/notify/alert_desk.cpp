#include "daemon/notify/alert_desk.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/notify/stored_state.hpp"

namespace itnxt {

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
  return desk;
}

AlertDesk::AlertDesk(Loop& loop, Log& log, const Config& config, const std::string& external_url,
                     std::unique_ptr<Store> store, std::unique_ptr<HttpPoster> http)
    : loop_(loop),
      log_(log),
      config_(config),
      engine_(config),
      crisis_(config.crisis),
      deliveries_(config.notify),
      commits_(loop, log, std::move(store), config.aggregator.state + "/alerts.db",
               {.send = [this](const Delivery& delivery) { send(delivery); },
                .changed = [this] { dirty_ = true; }}),
      channels_(loop, log, std::move(http), external_url,
                {.owed = [this](const ChannelName& channel) { return owed_to(channel); },
                 .report = [this](const ChannelName& channel, const std::string& incident,
                                  Progress progress) { on_report(channel, incident, progress); }}) {
  commits_.on_late_rows([this](const std::vector<StoreRow>& rows) { restore_late(rows); });
}

AlertDesk::~AlertDesk() = default;

StoreChanges AlertDesk::take_over(const std::vector<StoreRow>& rows,
                                  std::vector<Delivery>& changed) {
  const Instant now = loop_.now();
  const WallTime wall = loop_.wall_now();
  StoredState state = read_stored_state(rows);
  StoreChanges records = std::move(state.unreadable);
  if (!records.empty()) {
    log_.error("records of the alert state cannot be read and are dropped",
               {{"records", std::to_string(records.size())}});
  }
  if (state.crisis) crisis_.restore(*std::move(state.crisis), now, wall);
  engine_.restore(std::move(state.active), now, wall);
  engine_.restore_ended(state.ended, now, wall);
  deliveries_.restore(std::move(state.deliveries));
  // A page that waits for the disk has not left.
  const auto told = [&, held = commits_.held()](const std::string& incident) {
    const auto& book = deliveries_.all();
    const auto first = book.lower_bound({incident, ChannelName()});
    return first != book.end() && first->first.incident == incident && !held.contains(first->first);
  };
  const Incidents::Merged merged =
      incidents_.restore(std::move(state.incidents), engine_.active(), told, now, wall);
  record(merged, records);
  DeliveryChanges settled = deliveries_.settle(merged, wall);
  record(settled, records);
  DeliveryChanges changes = deliveries_.reconfigure(config_.notify, incidents_.open());
  record(changes, records);
  await_release();
  changed = std::move(settled.changed);
  changed.insert(changed.end(), changes.changed.begin(), changes.changed.end());
  return records;
}

void AlertDesk::restore(const std::vector<StoreRow>& rows) {
  std::vector<Delivery> changed;
  StoreChanges records = take_over(rows, changed);
  commits_.commit(std::move(records), std::move(changed));
  channels_.configure(config_.notify.channels);
}

// The state of before the restart, read only now: the disk was not there.
void AlertDesk::restore_late(const std::vector<StoreRow>& rows) {
  log_.notice("the alert state of before the start can be read now and is taken over",
              {{"records", std::to_string(rows.size())}});
  std::vector<Delivery> owed;
  StoreChanges records = take_over(rows, owed);
  // What both lives named under one key is on the disk as one of them said it.
  for (const ActiveAlert* one : engine_.active()) record(*one, records);
  record(crisis_.memory(), records);
  owed.clear();
  const std::set<DeliveryKey> held = commits_.held();
  for (const auto& [key, delivery] : deliveries_.all()) {
    if (!held.contains(key)) owed.push_back(delivery);
  }
  commits_.commit(std::move(records), std::move(owed));
}

void AlertDesk::observe(const std::shared_ptr<const Snapshot>& snapshot) {
  if (draining_) return;
  if (channels_.replace_idle()) dirty_ = true;
  const Instant now = loop_.now();
  const WallTime wall = loop_.wall_now();
  const std::vector<Transition> transitions = engine_.evaluate(*snapshot, now, wall);
  const CrisisVerdict crisis = crisis_.evaluate(*snapshot, now, wall);
  StoreChanges records;
  record(transitions, records);
  record(engine_.take_ends(), records);
  if (crisis.changed) record(crisis_.memory(), records);
  tell(incidents_.update(transitions, crisis, now, wall, [&] { return engine_.calm(now); }),
       std::move(records));
}

void AlertDesk::tell(const IncidentChanges& incidents, StoreChanges records) {
  DeliveryChanges deliveries = deliveries_.apply(incidents.pages, loop_.wall_now());
  record(incidents, records);
  record(deliveries, records);
  commits_.commit(std::move(records), std::move(deliveries.changed));
  await_release();
}

void AlertDesk::await_release() {
  const std::optional<Instant> at = incidents_.next_release();
  if (!at) return release_timer_.cancel();
  release_timer_ = loop_.after(std::max(Duration::zero(), *at - loop_.now()), [this] {
    if (!draining_) tell(incidents_.release(loop_.now()), {});
  });
}

void AlertDesk::send(Delivery delivery) {
  const auto owed = deliveries_.all().find({delivery.incident, delivery.channel});
  if (owed == deliveries_.all().end()) return;  // refused, or its channel gone, in the meantime
  delivery.page_delivered = owed->second.page_delivered;
  channels_.put(delivery);
}

// What waits for the disk is sent when it is there.
std::vector<Delivery> AlertDesk::owed_to(const ChannelName& channel) const {
  std::vector<Delivery> owed = deliveries_.of(channel);
  std::erase_if(owed, [held = commits_.held()](const Delivery& delivery) {
    return held.contains({delivery.incident, delivery.channel});
  });
  return owed;
}

void AlertDesk::on_report(const ChannelName& channel, const std::string& incident,
                          Progress progress) {
  dirty_ = true;
  StoreChanges records;
  record(deliveries_.progress(incident, channel, progress, loop_.wall_now()), records);
  commits_.commit(std::move(records), {});
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
  record(changes, records);
  commits_.commit(std::move(records), std::move(changes.changed));
  channels_.configure(config.notify.channels);
  dirty_ = true;
}

void AlertDesk::drain(Duration limit, Loop::Callback done) {
  draining_ = true;
  channels_.stop();
  drain_until_ = loop_.now() + limit;
  check_drained(std::move(done));
}

// Looks again and again: an attempt that failed ends without a report.
void AlertDesk::check_drained(Loop::Callback done) {
  const bool over = (!channels_.busy() && commits_.idle()) || loop_.now() >= drain_until_;
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
  return board != nullptr && board->storage_problem == commits_.problem() &&
         channels_.shows(board->channels);
}

Board AlertDesk::make_board() const {
  Board board;
  for (const Rule& rule : config_.rules) board.rules.push_back({rule.alert, rule.severity});
  board.alerts = board_alerts(engine_, incidents_);
  board.channels = channels_.board();
  board.crisis = crisis_.memory().state;
  board.crisis_sites = crisis_.memory().told;
  board.storage_problem = commits_.problem();
  return board;
}

}  // namespace itnxt
