// The shell of alerting: engine → crisis → incidents → deliveries → commit queue → channels. Owns
// all of them; decides nothing itself. On the loop's thread; SQLite and HTTP have their own.
//
// A page leaves only after it is on the disk (commit_queue.hpp). When the disk cannot take it, or
// does not answer, it leaves all the same and board()->storage_problem says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/alert/board.hpp"
#include "daemon/alert/crisis.hpp"
#include "daemon/alert/deliveries.hpp"
#include "daemon/alert/engine.hpp"
#include "daemon/alert/incidents.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/log.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/http_client.hpp"
#include "daemon/io/loop.hpp"
#include "daemon/io/store.hpp"
#include "daemon/notify/channel_set.hpp"
#include "daemon/notify/commit_queue.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

class AlertDesk {
 public:
  // Reads back what was active in config.aggregator.state (made if it is not there) and goes on
  // with it: nothing is paged again, what was owed is sent. `external_url` stands in the messages.
  // An unusable directory is an Error that names key and path.
  static Result<std::unique_ptr<AlertDesk>> open(Loop& loop, Log& log, const Config& config,
                                                 const std::string& external_url);
  ~AlertDesk();  // ends at once: what is not delivered is sent by the next start

  // To be called at least once a second: `for` and recover_after are looked at here.
  void observe(const std::shared_ptr<const Snapshot>& snapshot);

  // Calls back when all that observe() made of it so far is on the disk, or cannot be now.
  void when_stored(Loop::Callback then) { commits_.when_stored(std::move(then)); }

  // Keeps the state of every rule, subject and channel that stays. A channel that changed ends
  // what it has in flight first. aggregator.state must be that of open().
  void reconfigure(const Config& config);

  // As of now; the same object until something changes.
  [[nodiscard]] std::shared_ptr<const Board> board() const;

  // SIGTERM: sends nothing new, waits for what is in flight and for the disk, at most `limit`, then
  // calls `done` once. observe() and reconfigure() do nothing afterwards.
  void drain(Duration limit, Loop::Callback done);

 private:
  AlertDesk(Loop& loop, Log& log, const Config& config, const std::string& external_url,
            std::unique_ptr<Store> store, std::unique_ptr<HttpPoster> http);
  // Returns what is to be stored; `changed`: what is then to be sent.
  StoreChanges take_over(const std::vector<StoreRow>& rows, std::vector<Delivery>& changed);
  void restore(const std::vector<StoreRow>& rows);
  void restore_late(const std::vector<StoreRow>& rows);
  void tell(const IncidentChanges& incidents, StoreChanges records);
  void await_release();  // of the pages that wait for a crisis
  void send(Delivery delivery);
  [[nodiscard]] std::vector<Delivery> owed_to(const ChannelName& channel) const;
  void on_report(const ChannelName& channel, const std::string& incident, Progress progress);
  void check_drained(Loop::Callback done);
  [[nodiscard]] bool is_current(const Board* board) const;
  [[nodiscard]] Board make_board() const;

  Loop& loop_;
  Log& log_;
  Config config_;
  Engine engine_;
  Crisis crisis_;
  Incidents incidents_;
  Deliveries deliveries_;
  mutable bool dirty_ = true;
  mutable std::shared_ptr<const Board> board_;
  Instant drain_until_;
  bool draining_ = false;

  // Last: destroyed first, so that no callback finds a desk half gone.
  CommitQueue commits_;
  ChannelSet channels_;
  Timer release_timer_;
  Timer drain_timer_;
};

}  // namespace itnxt
