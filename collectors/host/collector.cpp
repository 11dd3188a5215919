#include "collectors/host/collector.hpp"

#include <linux/if.h>
#include <linux/if_arp.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "collectors/host/event_limit.hpp"
#include "collectors/host/figures.hpp"
#include "collectors/host/link_memory.hpp"
#include "collectors/host/link_table.hpp"

namespace itnxt {
namespace host {
namespace {

// Changed rows go together, at most so often: the ends of a pair change within moments.
constexpr Duration kTogether = 100ms;
// So often lost carriers are looked for that the kernel does not yet tell of.
constexpr Duration kGlance = 10ms;
// Windows of flapping interfaces are looked through at most so often.
constexpr Duration kSummary = 100ms;
// After an overrun the table is read anew, at most so often.
constexpr Duration kResync = 1s;
// A dump during which something changed is asked for again so often before it counts as it is.
constexpr int kDumpTries = 3;

class HostCollector final : public Collector {
 public:
  HostCollector(const HostCollectorConfig& config, CollectorContext context,
                std::unique_ptr<Kernel> kernel, HostFacts facts)
      : config_(config),
        context_(std::move(context)),
        kernel_(std::move(kernel)),
        facts_(std::move(facts)),
        memory_(context_.sink) {}

  void start() override {
    const Instant now = context_.loop.now();
    booted_ = now - facts_.uptime;
    next_sample_ = now;
    subscribe();
    poll();
    schedule_sample();
    glance();
  }

 private:
  // --- the kernel's news ------------------------------------------------------------------------

  // Again with each poll while it fails.
  void subscribe() {
    watch_.cancel();
    const auto fd = kernel_->subscribe();
    if (!fd) return listening_.fail(fd.error());
    listening_.mend();
    watch_ = context_.loop.watch(*fd, Interest::readable, [this] { read_news(); });
  }

  void read_news() {
    const auto news = kernel_->read_news([this](const auto& said) { take(said); });
    if (!news) {
      watch_.cancel();
      listening_.fail(news.error());
      return;
    }
    if (*news == Kernel::News::overrun) overrun();
    if (table_.any_changed()) tell_rows_soon();
  }

  void overrun() {
    if (totals_.overruns++ == 0) {
      context_.log.warning(
          "the kernel had more news of interfaces than its queue holds; the table is read anew "
          "(itnxt_rtnetlink_overruns_total counts further ones); a larger net.core.rmem_max may "
          "help",
          {{"collector", config_.name.text()}});
    }
    // What is still in the queue is older than the dump and must not be taken for news.
    watch_.cancel();
    const Instant now = context_.loop.now();
    resync_ = context_.loop.after(std::max(Duration::zero(), next_resync_ - now), [this] {
      resync_.cancel();
      next_resync_ = context_.loop.now() + kResync;
      subscribe();
      read_table();
      if (table_.any_changed()) tell_rows_soon();
    });
  }

  void take(const std::variant<LinkMessage, NoLink>& said) {
    if (const auto* link = std::get_if<LinkMessage>(&said)) {
      if (const auto change = table_.take(*link)) report(*change);
      return;
    }
    switch (std::get<NoLink>(said)) {
      case NoLink::other:
        return;
      case NoLink::malformed:
        ++totals_.malformed;
        return;
    }
  }

  void glance() {
    kernel_->hurry_lost_carriers(nullptr);
    glance_ = context_.loop.after(kGlance, [this] { glance(); });
  }

  // --- events -----------------------------------------------------------------------------------

  void report(const LinkChange& change) {
    memory_.remember(change);
    if (limit_.admits(change.name, context_.loop.now())) {
      tell(change, describe(change), {});
    }
    if (!summary_) schedule_summary();
  }

  void tell(const LinkChange& change, std::string text,
            std::vector<std::pair<std::string, std::string>> details) {
    Event event;
    event.wall = context_.loop.wall_now();
    event.at = source_time(context_.loop.now());
    event.kind = kind_of(change);
    event.device = config_.device;
    event.interface = InterfaceStatus{change.if_index, change.name, change.admin, change.oper};
    event.text = std::move(text);
    event.details = std::move(details);
    context_.sink.report(std::move(event));
  }

  void schedule_summary() {
    const auto due = limit_.next_due();
    if (!due) return summary_.cancel();
    summary_ = context_.loop.after(std::max(kSummary, *due - context_.loop.now()), [this] {
      for (const EventLimit::Summary& each : limit_.take_due(context_.loop.now())) sum_up(each);
      schedule_summary();
    });
  }

  void sum_up(const EventLimit::Summary& summary) {
    LinkChange now{LinkChange::Kind::gone, 0, summary.name, AdminStatus::unknown,
                   OperStatus::not_present};
    if (const auto status = table_.status_of(summary.name)) now = *status;
    const std::string count = std::to_string(summary.withheld);
    tell(now, describe(now) + ", after " + count + " more changes within a second",
         {{"withheld", count}});
  }

  // --- samples ----------------------------------------------------------------------------------

  // Samples keep their rhythm: a late one does not move the next.
  void schedule_sample() {
    const Instant now = context_.loop.now();
    while (next_sample_ <= now) next_sample_ += config_.interval;
    sample_ = context_.loop.after(next_sample_ - now, [this] {
      schedule_sample();
      poll();
    });
  }

  void poll() {
    if (!watch_ && !resync_) subscribe();
    const auto whole = read_table();
    DeviceSample sample = head();
    if (whole) {
      sample.complete = *whole;
      sample.if_number = static_cast<std::uint32_t>(table_.links().size());
      take_rows(sample, [](const HostLink&) { return true; });
      table_.forget_changes();
      changed_rows_.cancel();
    } else {
      sample.result = PollResult::error;
      sample.problem = reading_.trouble();
    }
    context_.sink.publish(std::move(sample));
    const SourceTime at = source_time(context_.loop.now());
    if (whole) context_.sink.publish(duplex_of(table_, config_.device, at, config_.interval));
    totals_.withheld = limit_.withheld();
    context_.sink.publish(figures_of(totals_, at, config_.interval));
  }

  // Whether all of it is in; nothing when the kernel does not answer. Reports what it finds
  // changed.
  std::optional<bool> read_table() {
    bool whole = false;
    std::uint64_t refused = 0;
    for (int i = 0; i < kDumpTries && !whole; ++i) {
      table_.begin_dump();
      refused = table_.refused();
      const auto dumped = kernel_->dump([this](const auto& said) { take(said); });
      if (!dumped) {
        reading_.fail(dumped.error());
        if (watch_) subscribe();  // with nothing queued of an answer that was not read
        return std::nullopt;
      }
      whole = *dumped == Kernel::Table::whole;
      for (const LinkChange& change : table_.end_dump(whole)) report(change);
      if (*dumped == Kernel::Table::overrun) {
        overrun();
        break;
      }
      if (!whole || std::exchange(caught_up_, true)) continue;
      for (const LinkChange& change : memory_.catch_up(table_)) report(change);
    }
    reading_.mend();
    for (auto& [if_index, link] : table_.links()) ask_line(link);
    follow_carriers();
    return whole && refused == table_.refused();
  }

  // Drivers know a speed only while there is a carrier, and some keep the last one.
  void ask_line(HostLink& link) {
    const bool has_line = link.hardware == ARPHRD_ETHER && (link.flags & IFF_LOWER_UP) != 0;
    link.line = has_line ? kernel_->line_of(link.kernel_name) : LineSpeed{};
  }

  void follow_carriers() {
    std::vector<std::string> names;
    for (const auto& [if_index, link] : table_.links()) {
      if (link.hardware == ARPHRD_ETHER) names.push_back(link.kernel_name);
    }
    kernel_->hurry_lost_carriers(&names);
  }

  void tell_rows_soon() {
    if (changed_rows_) return;
    const Duration wait = std::max(Duration::zero(), next_rows_ - context_.loop.now());
    changed_rows_ = context_.loop.after(wait, [this] { tell_changed_rows(); });
  }

  // Not complete: who is not in it is as it was. Who is gone is missing in the next whole one.
  void tell_changed_rows() {
    next_rows_ = context_.loop.now() + kTogether;
    for (auto& [if_index, link] : table_.links()) {
      if (!link.told) ask_line(link);
    }
    DeviceSample sample = head();
    take_rows(sample, [](const HostLink& link) { return !link.told; });
    table_.forget_changes();
    follow_carriers();  // some may be new
    if (!sample.interfaces.empty()) context_.sink.publish(std::move(sample));
    changed_rows_.cancel();
  }

  [[nodiscard]] DeviceSample head() const {
    DeviceSample sample;
    sample.device = config_.device;
    sample.at = source_time(context_.loop.now());
    sample.interval = config_.interval;
    sample.own = true;
    sample.uptime = uptime();
    sample.sys_name = facts_.name;
    sample.sys_descr = facts_.descr;
    return sample;
  }

  template <class Which>
  void take_rows(DeviceSample& sample, Which which) const {
    for (const auto& [if_index, link] : table_.links()) {
      if (which(link)) sample.interfaces.push_back(row_of(if_index, link, sample.at, uptime()));
    }
  }

  // Wraps after 497 days, as sysUpTime does.
  [[nodiscard]] TimeTicks uptime() const {
    constexpr Duration kTick = 10ms;
    return {static_cast<std::uint32_t>((context_.loop.now() - booted_) / kTick)};
  }

  // A thing that fails and is tried again: said once, and when it is over.
  class Trial {
   public:
    Trial(const HostCollector& owner, std::string_view well) : owner_(owner), well_(well) {}
    void fail(const std::string& trouble) {
      if (trouble == trouble_) return;
      trouble_ = trouble;
      owner_.context_.log.error(trouble + "; it is tried again with every poll",
                                {{"collector", owner_.config_.name.text()}});
    }
    void mend() {
      if (std::exchange(trouble_, {}).empty()) return;
      owner_.context_.log.notice(well_, {{"collector", owner_.config_.name.text()}});
    }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

   private:
    const HostCollector& owner_;
    const std::string_view well_;
    std::string trouble_;
  };

  const HostCollectorConfig config_;
  const CollectorContext context_;
  const std::unique_ptr<Kernel> kernel_;

  const HostFacts facts_;
  Instant booted_;
  LinkTable table_;
  LinkMemory memory_;
  bool caught_up_ = false;  // with what a former process knew
  EventLimit limit_;
  Totals totals_;
  Trial listening_{*this, "the kernel's news of interfaces are heard again"};
  Trial reading_{*this, "the kernel tells its interfaces again"};
  Instant next_sample_;
  Instant next_rows_;
  Instant next_resync_;

  // After the kernel, whose fd they watch.
  Watch watch_;
  Timer sample_;
  Timer glance_;
  Timer changed_rows_;
  Timer resync_;
  Timer summary_;
};

}  // namespace
}  // namespace host

std::unique_ptr<Collector> make_host_collector(const HostCollectorConfig& config,
                                               CollectorContext context) {
  return make_host_collector(config, std::move(context), host::make_kernel(), host::host_facts());
}

std::unique_ptr<Collector> make_host_collector(const HostCollectorConfig& config,
                                               CollectorContext context,
                                               std::unique_ptr<host::Kernel> kernel,
                                               host::HostFacts facts) {
  return std::make_unique<host::HostCollector>(config, std::move(context), std::move(kernel),
                                               std::move(facts));
}

}  // namespace itnxt
