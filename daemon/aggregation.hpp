// The central half: batches in; metrics, API and pages out. On the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/event_intake.hpp"
#include "daemon/io/exchange.hpp"
#include "daemon/io/http.hpp"
#include "daemon/io/http_client.hpp"
#include "daemon/io/inlet.hpp"
#include "daemon/io/process_figures.hpp"
#include "daemon/io/publish.hpp"
#include "daemon/io/publish_pace.hpp"
#include "daemon/io/remote_write/remote_write.hpp"
#include "daemon/io/zmq_security.hpp"
#include "daemon/notify/alert_desk.hpp"
#include "daemon/shell.hpp"
#include "daemon/state/catch_up.hpp"
#include "daemon/state/table.hpp"

namespace itnxt {

class Aggregation {
 public:
  // The error names the setting that cannot be had: port, state directory or endpoint.
  static Result<std::unique_ptr<Aggregation>> open(const Shell& shell, const Config& config);

  void reconfigure(const Config& config);
  void count_reload(bool accepted) const;

  // Whether publishing goes on: what the watchdog is told.
  [[nodiscard]] bool progressing() const;
  // "1893/1900 devices up, 2/950 links down, 120000 series"
  [[nodiscard]] std::string summary() const;

  // Pages what came last, waits for what is in flight, then calls `done`.
  void drain(Loop::Callback done);

 private:
  Aggregation(const Shell& shell, const Config& config);
  void take(const Batch& batch);
  std::optional<wire::Refusing> take(const EventBatch& batch, EventReply reply);
  void publish_soon(bool event);
  void publish();
  [[nodiscard]] std::shared_ptr<const Board> board() const;
  void serve(Inlet& inlet);
  void count_kind(const std::string& kind);
  void note_refused(const std::string& peer, const wire::Refused& refused);
  void tick();
  Status listen(const Config& config);
  Status open_stream(const AggregatorConfig& config);
  void count_refused();
  void tell();
  void tell_stranger();
  void tell_trespass();
  void tell_nodes();
  void tell_refused();
  void tell_changes();
  Status open_remote_write(const Config& config);
  void tell_clocks();

  const Shell shell_;
  Table table_;
  CatchUp catch_up_;
  Exchange exchange_;
  ProcessFigures figures_;
  OwnGauge lag_, reload_ok_, reload_time_;
  std::vector<OwnCounter> refused_;     // by wire::Refusal
  std::vector<OwnCounter> denied_;      // by Denial
  std::vector<OwnCounter> handshakes_;  // by HandshakeFault
  InletCounts told_{};
  HandshakeCounts stream_told_{};
  std::map<std::string, OwnCounter> kinds_;  // of events
  std::shared_ptr<const Snapshot> last_;
  std::unique_ptr<AlertDesk> desk_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<HttpClient> stores_;         // of its own: a store delays no page
  std::unique_ptr<RemoteWrite> remote_write_;  // none: there is no target
  std::unique_ptr<Gate> gate_;            // outlives the sockets that it guards; none: no CURVE
  std::unique_ptr<Inlet> own_;            // from the collectors of the same process
  std::unique_ptr<Inlet> inlet_;          // from others; none: aggregator.listen is empty
  std::unique_ptr<Publisher> publisher_;  // none: aggregator.publish is empty
  std::unique_ptr<EventIntake> events_;
  PublishPace pace_;
  bool event_came_ = false;  // since the last publish()
  bool draining_ = false;    // what comes now would not be judged any more
  Instant tell_stranger_at_{};
  Instant tell_trespass_at_{};
  Timer publish_;
  Timer published_;
  Timer tick_;
};

}  // namespace itnxt
