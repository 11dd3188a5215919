#include "collectors/pcap/collector.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "collectors/pcap/capture.hpp"
#include "collectors/pcap/insight/report.hpp"
#include "collectors/pcap/interface.hpp"
#include "collectors/pcap/open_change.hpp"
#include "collectors/pcap/remarks.hpp"

namespace itnxt {
namespace pcap {
namespace {

constexpr Duration kFirstRetry = 1s;
constexpr Duration kLongestRetry = 30s;
// A capture that lasted this long was a success: the next retry is a first one again.
constexpr Duration kProven = 30s;
// Housekeeping: a look for lost interfaces (libpcap reports a device that goes while it is down
// only when it is read), the interface's address, and libpcap's 32-bit statistics.
constexpr Duration kTick = 1s;
// Reads of what waits in a ring that is closed: as much as 32 MiB hold of small packets.
constexpr int kReadsAtEnd = 64;
// Packets wait in the ring for the rest of a block: 100 ms at the most.
constexpr Duration kStampsComeLate = 1s;

PrefixSet prefixes_of(const PcapCollectorConfig& config) {
  std::vector<PrefixSet::Prefix> prefixes;
  for (const Cidr& cidr : config.local_prefixes) {
    PrefixSet::Prefix& one = prefixes.emplace_back();
    for (std::size_t i = 0; i < 8; ++i) one.address.high = one.address.high << 8U | cidr.address[i];
    for (std::size_t i = 8; i < 16; ++i) one.address.low = one.address.low << 8U | cidr.address[i];
    one.length = cidr.length;
  }
  return PrefixSet(prefixes);
}

StopReason stop_reason(Ending ending) {
  switch (ending) {
    case Ending::shutdown:
      return kEnded;
    case Ending::reload:
      return kReload;
    case Ending::removed:
      return kRemoved;
  }
  return kEnded;
}

class PcapCollector final : public Collector {
 public:
  PcapCollector(const PcapCollectorConfig& config, CollectorContext context)
      : config_(config),
        context_(std::move(context)),
        live_(config.file.empty()),
        local_(prefixes_of(config)),
        analysis_({!live_, config.storm_threshold}, make_insight(config)),
        report_(config, context_.loop.now()),
        remarks_(context_.log, config.name.text(), live_, live_ ? config.interface : config.file),
        talkers_since_(context_.loop.now()) {}

  void start() override {
    next_sample_ = context_.loop.now();
    schedule_sample();
    open();
  }

  bool update(const CollectorConfig& config) override {
    const auto* fresh = std::get_if<PcapCollectorConfig>(&config);
    if (fresh == nullptr || !is_of_same_packets(*fresh) || !report_.can_update(*fresh)) {
      return false;
    }
    const CaptureFacts before = facts();
    const bool opens =
        live_ && (fresh->filter != config_.filter || fresh->snaplen != config_.snaplen ||
                  fresh->buffer != config_.buffer);
    const bool paces = fresh->interval != config_.interval;
    if (opens) read_the_rest();
    if (fresh->snaplen != config_.snaplen) remarks_.begin_snaplen(analysis_);
    config_ = *fresh;
    local_ = prefixes_of(config_);
    analysis_.set_storm_threshold(config_.storm_threshold);
    report_.update(config_, *analysis_.insight());
    if (paces) {
      next_sample_ = context_.loop.now();
      schedule_sample();
    }
    if (opens || facts() != before) tell_end(kReload);
    if (!opens) {
      publish();
      return true;
    }
    close();
    retry_.cancel();
    open();
    return true;
  }

  void end(Ending ending) override { tell_end(stop_reason(ending)); }

 private:
  // Of a savefile also: and would have been read in the same way.
  [[nodiscard]] bool is_of_same_packets(const PcapCollectorConfig& fresh) const {
    if (live_) return fresh.file.empty() && fresh.interface == config_.interface;
    PcapCollectorConfig same = fresh;
    same.interval = config_.interval;
    same.link = config_.link;
    same.snaplen = config_.snaplen;
    same.buffer = config_.buffer;
    same.talkers.top = config_.talkers.top;
    same.talkers.addresses = config_.talkers.addresses;
    same.talkers.rotate = config_.talkers.rotate;
    return same == config_;
  }

  // What waits in the ring would be neither counted nor dropped when it is closed.
  void read_the_rest() {
    if (!capture_) return;
    for (int i = 0; i < kReadsAtEnd; ++i) {
      const auto result = capture_->read(analysis_);
      const auto* progress = std::get_if<Capture::Progress>(&result);
      if (progress == nullptr || *progress != Capture::Progress::more) return;
    }
  }

  void tell_end(const StopReason& reason) {
    CaptureSample sample;
    sample.at = source_time(context_.loop.now());
    sample.source = source();
    auto event = open_change_.end(sample, reason, context_.loop.wall_now());
    if (event) context_.sink.report(std::move(*event));
  }

  [[nodiscard]] const std::string& source() const {
    return live_ ? config_.interface : config_.file;
  }

  void open() {
    std::string remark;
    Opened opened = live_ ? open_interface(remark)
                          : open_savefile({config_.file, config_.filter, local_}, remark);
    if (const auto* trouble = std::get_if<Trouble>(&opened)) return fail(*trouble);
    capture_ = std::get<std::unique_ptr<Capture>>(std::move(opened));
    opened_at_ = context_.loop.now();
    healthy_ = true;
    analysis_.set_longest(longest_frame(capture_->vantage()));
    say_open(remark);
    publish();
    if (live_) {
      watch_ = context_.loop.watch(capture_->fd(), Interest::readable, [this] { read(); });
      schedule_tick();
    } else {
      schedule_read();
    }
  }

  Opened open_interface(std::string& remark) {
    Opened opened;
    context_.privileged.run([&] {
      opened = open_live(
          {config_.interface, config_.filter, config_.snaplen, local_, config_.buffer}, remark);
    });
    return opened;
  }

  void say_open(const std::string& remark) {
    const std::string_view key = live_ ? "interface" : "file";
    if (!std::exchange(last_trouble_, {}).empty()) {
      context_.log.notice("capturing again", {{"capture", config_.name.text()}, {key, source()}});
    }
    if (remark != std::exchange(last_remark_, remark) && !remark.empty()) {
      context_.log.warning(remark, {{"capture", config_.name.text()}, {key, source()}});
    }
  }

  // True: there was nothing, and its interface has been looked at.
  bool read() {
    const auto result = capture_->read(analysis_);
    if (const auto* trouble = std::get_if<Trouble>(&result)) {
      fail(*trouble);
      return false;
    }
    switch (std::get<Capture::Progress>(result)) {
      case Capture::Progress::more:
        if (!live_) schedule_read();
        return false;
      case Capture::Progress::idle:  // also what wakes us when the interface goes down
        see(capture_->refresh());
        return true;
      case Capture::Progress::finished:
        read_.cancel();
        capture_.reset();
        remarks_.say(analysis_, context_.loop.now());
        publish();
        return false;
    }
    return false;
  }

  void see(Capture::State state) {
    if (state != Capture::State::gone) return see_up(state == Capture::State::up);
    fail({Trouble::Kind::absent,
          "interface " + config_.interface +
              " was renamed or replaced: capturing starts again as soon as one of that name is up; "
              "if it has another name now, correct 'interface'"});
  }

  // What is open stays open while its interface is down, so that no frame is missed afterwards.
  void see_up(bool up) {
    if (std::exchange(healthy_, up) == up) return;
    if (up) {
      say_open(last_remark_);
    } else {
      last_trouble_ = "interface " + config_.interface +
                      " is down: capturing goes on as soon as it is up (ip link set " +
                      config_.interface + " up)";
      context_.log.error(last_trouble_,
                         {{"capture", config_.name.text()}, {"interface", source()}});
    }
    publish();
  }

  // The totals stay; what may heal is tried again.
  void fail(const Trouble& trouble) {
    const bool changed = trouble.message != last_trouble_;
    if (changed) {
      last_trouble_ = trouble.message;
      context_.log.error(trouble.message, {{"capture", config_.name.text()},
                                           {live_ ? "interface" : "file", source()}});
    }
    close();
    if (changed) publish();
    switch (trouble.kind) {
      case Trouble::Kind::absent:
        retry_ = context_.loop.after(kFirstRetry, [this] { look_for_interface(); });
        return;
      case Trouble::Kind::refused:
        retry_ = context_.loop.after(delay_, [this] { open(); });
        delay_ = std::min(2 * delay_, kLongestRetry);
        return;
      case Trouble::Kind::unreadable:
        return;
    }
  }

  void close() {
    healthy_ = false;
    tick_.cancel();
    read_.cancel();
    watch_.cancel();
    if (!capture_) return;
    capture_->count_drops(analysis_);
    capture_.reset();
    if (context_.loop.now() - opened_at_ >= kProven) delay_ = kFirstRetry;
  }

  void look_for_interface() {
    if (interface_is_up(config_.interface)) return open();
    retry_ = context_.loop.after(kFirstRetry, [this] { look_for_interface(); });
  }

  void schedule_read() {
    read_ = context_.loop.after(Duration::zero(), [this] { read(); });
  }

  void schedule_tick() {
    tick_ = context_.loop.after(kTick, [this] { tick(); });
  }

  void tick() {
    schedule_tick();
    const bool seen = read();  // first: libpcap knows best what became of its interface
    if (capture_ && !seen) see(capture_->refresh());
    if (!capture_) return;
    analysis_.set_longest(longest_frame(capture_->vantage()));
    capture_->count_drops(analysis_);
    analysis_.tick(context_.loop.wall_now() - kStampsComeLate);
    remarks_.say(analysis_, context_.loop.now());
    report_events();
  }

  void report_events() {
    for (Event& event : analysis_.take_events()) report(std::move(event));
  }

  void report(Event event) {
    event.at = source_time(context_.loop.now());
    event.details.emplace_back("source", source());
    context_.sink.report(std::move(event));
  }

  // Samples keep their rhythm: a late one does not move the next.
  void schedule_sample() {
    const Instant now = context_.loop.now();
    while (next_sample_ <= now) next_sample_ += config_.interval;
    sample_ = context_.loop.after(next_sample_ - now, [this] {
      schedule_sample();
      publish();
    });
  }

  void publish() {
    if (capture_) capture_->count_drops(analysis_);
    CaptureSample sample;
    sample.capture = config_.name;
    sample.at = source_time(context_.loop.now());
    sample.interval = config_.interval;
    sample.open = healthy_;
    sample.source = source();
    sample.link = config_.link;
    SeriesSample series;
    series.owner = SeriesOwner::capture;
    series.at = sample.at;
    series.interval = sample.interval;
    analysis_.tell(sample, series.families);
    report_events();
    remarks_.say_cut(analysis_);
    if (auto event = open_change_.see(sample, last_trouble_, facts(), context_.loop.wall_now())) {
      context_.sink.report(std::move(*event));
    }
    context_.sink.publish(std::move(sample));
    publish_insight(series);
  }

  // With what is captured, for the journal.
  [[nodiscard]] CaptureFacts facts() const {
    CaptureFacts facts;
    if (capture_) {
      facts.emplace_back("direction", direction_source(capture_->vantage(), local_, live_));
    }
    if (live_) facts.emplace_back("snaplen", std::to_string(config_.snaplen));
    const auto addresses = static_cast<std::size_t>(config_.talkers.addresses);
    facts.emplace_back("addresses",
                       config_.talkers.top == 0 ? "none" : kTalkerAddressesNames[addresses]);
    if (!config_.filter.empty()) facts.emplace_back("filter", config_.filter);
    return facts;
  }

  // Behind the capture's own sample: talkers are taken only of a capture that is known.
  void publish_insight(SeriesSample& series) {
    Insight& insight = *analysis_.insight();
    const Instant now = context_.loop.now();
    const WallTime complete = context_.loop.wall_now() - kStampsComeLate;
    insight.settle(live_ ? std::optional(complete.time_since_epoch().count()) : std::nullopt);
    for (const FloodChange& change : insight.take_flood_changes()) {
      report(report_.flood(change, insight.sites()));
    }
    report_.tell_tcp(insight.pairs(), series.families);
    TalkersSample talkers = report_.talkers(insight, now);
    talkers.capture = config_.name;
    talkers.at = series.at;
    talkers.interval = series.interval;
    talkers.span = live_ ? now - talkers_since_ : Duration::zero();
    if (live_) insight.clear_talkers();  // of a savefile all is told
    talkers_since_ = now;
    if (!healthy_) return;  // unknown, not zero
    context_.sink.publish(std::move(series));
    if (config_.talkers.top > 0) context_.sink.publish(std::move(talkers));
  }

  PcapCollectorConfig config_;
  const CollectorContext context_;
  const bool live_;
  PrefixSet local_;  // the capture looks at it

  Analysis analysis_;
  Report report_;
  Remarks remarks_;
  Instant talkers_since_;
  bool healthy_ = false;
  OpenChange open_change_;
  Duration delay_ = kFirstRetry;
  Instant opened_at_;
  Instant next_sample_;
  std::string last_trouble_;
  std::string last_remark_;
  std::unique_ptr<Capture> capture_;

  // After the capture, so that they end before it does.
  Watch watch_;
  Timer read_;
  Timer tick_;
  Timer retry_;
  Timer sample_;
};

}  // namespace
}  // namespace pcap

std::unique_ptr<Collector> make_pcap_collector(const PcapCollectorConfig& config,
                                               CollectorContext context) {
  return std::make_unique<pcap::PcapCollector>(config, std::move(context));
}

}  // namespace itnxt
