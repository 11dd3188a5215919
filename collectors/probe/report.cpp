#include "collectors/probe/report.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/host_port.hpp"

namespace itnxt::probe {
namespace {

constexpr std::array<std::string_view, kQuantiles.size()> kQuantileNames = {"0.5", "0.9", "0.99"};
constexpr std::array kFailures = {Outcome::lost,      Outcome::unreachable, Outcome::refused,
                                  Outcome::wrong,     Outcome::insecure,    Outcome::local,
                                  Outcome::unresolved};

std::uint64_t of(const Totals& totals, Outcome outcome) {
  return totals.by_outcome[static_cast<std::size_t>(outcome)];
}

std::string_view type_name(const ProbeTarget& target) {
  return kProbeTypeNames[static_cast<std::size_t>(target.type)];
}

// One family while it is filled: a row for each target that has the value.
class Rows {
 public:
  Rows(std::string name, SeriesType type, std::string help, std::vector<std::string> more = {}) {
    family_.name = std::move(name);
    family_.type = type;
    family_.help = std::move(help);
    family_.labels = std::move(more);
    family_.labels.insert(family_.labels.begin(), "target");
  }
  void add(const Told& one, SeriesValue value, std::vector<std::string> more = {}) {
    SeriesRow& row = family_.rows.emplace_back();
    row.labels.reserve(1 + more.size());
    row.labels.push_back(one.target->name.text());
    for (std::string& label : more) row.labels.push_back(std::move(label));
    row.value = std::move(value);
  }
  SeriesFamily take() && { return std::move(family_); }

 private:
  SeriesFamily family_;
};

SeriesFamily counters(std::span<const Told> told, std::string name, std::string help,
                      std::uint64_t (*value)(const Totals&)) {
  Rows rows(std::move(name), SeriesType::counter, std::move(help));
  for (const Told& one : told) rows.add(one, value(one.standing->totals));
  return std::move(rows).take();
}

void add_gauges(std::span<const Told> told, std::vector<SeriesFamily>& to) {
  Rows up("itnxt_probe_up", SeriesType::gauge,
          "1 if a probe of the last train was answered as expected.");
  Rows loss("itnxt_probe_loss_ratio", SeriesType::gauge,
            "Share of the last train's probes that were not answered as expected, for whatever "
            "reason; absent if none could be sent.");
  Rows rtt("itnxt_probe_rtt_seconds", SeriesType::summary,
           "Round trips of the last train: to the echo, the accepted connection, the first byte of "
           "the HTTP answer or the DNS answer; by nearest rank.",
           {"quantile"});
  Rows jitter("itnxt_probe_jitter_seconds", SeriesType::gauge,
              "Mean absolute difference of consecutive round trips of the last train.");
  Rows status("itnxt_probe_http_status", SeriesType::gauge, "Status of the last HTTP answer.");
  Rows rcode("itnxt_probe_dns_rcode", SeriesType::gauge,
             "Code of the last DNS answer: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.");
  Rows info("itnxt_probe_info", SeriesType::gauge, "What the target is; always 1.",
            {"type", "site", "address"});
  for (const Told& one : told) {
    const TrainFigures& figures = one.standing->figures;
    up.add(one, one.standing->verdict == Verdict::reachable ? 1.0 : 0.0);
    if (figures.loss) loss.add(one, *figures.loss);
    if (figures.jitter) jitter.add(one, seconds(*figures.jitter));
    for (std::size_t i = 0; figures.rtt && i < kQuantiles.size(); ++i) {
      rtt.add(one, seconds((*figures.rtt)[i]), {std::string(kQuantileNames[i])});
    }
    if (one.standing->http_status != 0) {
      status.add(one, static_cast<double>(one.standing->http_status));
    }
    if (one.standing->dns_rcode) rcode.add(one, static_cast<double>(*one.standing->dns_rcode));
    info.add(
        one, 1.0,
        {std::string(type_name(*one.target)), one.target->site.text(), address_text(*one.target)});
  }
  for (Rows* rows : {&up, &loss, &rtt, &jitter, &status, &rcode, &info}) {
    to.push_back(std::move(*rows).take());
  }
}

void add_counters(std::span<const Told> told, std::vector<SeriesFamily>& to) {
  to.push_back(counters(told, "itnxt_probe_sent_total", "Probes that left this host.",
                        [](const Totals& t) { return t.sent; }));
  to.push_back(counters(told, "itnxt_probe_received_total", "Probes answered as expected.",
                        [](const Totals& t) { return t.received; }));
  to.push_back(counters(
      told, "itnxt_probe_unreachable_total",
      "Probes of which the network or the target's host said that they cannot be "
      "delivered, instead of silence.",
      [](const Totals& t) { return of(t, Outcome::unreachable) + of(t, Outcome::refused); }));
  to.push_back(counters(told, "itnxt_probe_reordered_total",
                        "Answers that came after the answer to a later probe (RFC 4737).",
                        [](const Totals& t) { return t.reordered; }));
  to.push_back(counters(told, "itnxt_probe_duplicates_total", "Answers beyond a probe's first.",
                        [](const Totals& t) { return t.duplicates; }));
  Rows failures(
      "itnxt_probe_failures_total", SeriesType::counter,
      "Probes that failed, by why: lost (silence), unreachable, refused, wrong (another "
      "answer than expected), insecure (TLS), local and unresolved (not sent: for want of "
      "something on this host, or of an address).",
      {"reason"});
  for (const Told& one : told) {
    for (const Outcome outcome : kFailures) {
      const std::uint64_t count = of(one.standing->totals, outcome);
      if (count > 0) failures.add(one, count, {std::string(name(outcome))});
    }
  }
  to.push_back(std::move(failures).take());
}

}  // namespace

void Totals::add(const TrainFigures& figures) {
  sent += figures.sent;
  received += figures.received;
  reordered += figures.reordered;
  duplicates += figures.duplicates;
  for (std::size_t i = 0; i < kOutcomes; ++i) by_outcome[i] += figures.by_outcome[i];
}

void judge(Standing& standing, const TrainFigures& figures) {
  standing.figures = figures;
  standing.totals.add(figures);
  standing.verdict = figures.received > 0 ? Verdict::reachable : Verdict::unreachable;
  standing.why = Outcome::lost;
  std::uint32_t most = 0;
  for (const Outcome outcome : kFailures) {
    const std::uint32_t count = figures.by_outcome[static_cast<std::size_t>(outcome)];
    if (outcome == Outcome::lost || count <= most) continue;
    most = count;
    standing.why = outcome;
  }
}

SeriesSample to_sample(std::span<const Told> told, std::string source, SourceTime at,
                       Duration interval) {
  std::vector<Told> judged;
  judged.reserve(told.size());
  std::ranges::copy_if(told, std::back_inserter(judged),
                       [](const Told& one) { return one.standing->verdict != Verdict::unknown; });
  SeriesSample sample;
  sample.owner = SeriesOwner::probe;
  sample.source = std::move(source);
  sample.at = at;
  sample.interval = interval;
  add_gauges(judged, sample.families);
  add_counters(judged, sample.families);
  return sample;
}

std::string address_text(const ProbeTarget& target) {
  return target.port == 0 ? target.host : host_port_text(target.host, target.port);
}

}  // namespace itnxt::probe
