#include "daemon/state/captures.hpp"

#include <numeric>

#include "daemon/state/rate.hpp"

namespace itnxt {
namespace {

std::uint64_t dropped(const CaptureSample& sample) {
  return std::accumulate(sample.dropped.begin(), sample.dropped.end(), std::uint64_t{0},
                         [](std::uint64_t sum, Packets p) { return sum + p.count(); });
}

Bytes bytes(const CaptureSample& sample) {
  std::uint64_t sum = 0;
  for (const auto& direction : sample.traffic) {
    for (const TrafficCount& count : direction) sum += count.bytes.count();
  }
  return Bytes(sum);
}

}  // namespace

bool Captures::apply(const CaptureSample& sample, const SampleSource& source, Instant now,
                     Admission& admission) {
  auto found = captures_.find(sample.capture);
  if (found == captures_.end()) {
    if (!admission.admit(source.node, kSeriesOfCapture)) return false;
    found = captures_.emplace(sample.capture, State{}).first;
    found->second.source.node = source.node;
  }
  State& state = found->second;
  if (state.source.node != source.node) return false;
  const bool same_process = state.source == source;
  if (same_process && sample.at < state.view.sample.at) return false;
  const Duration span = collector_time(state.base_at, sample.at);
  const std::uint64_t drops = dropped(sample);
  if (!same_process || drops < state.base_dropped) {
    state.view.dropped_packets_per_second.reset();
    state.base_at = sample.at;
    state.base_dropped = drops;
  } else if (span > Duration::zero() && span >= sample.interval / 2) {
    state.view.dropped_packets_per_second =
        static_cast<double>(drops - state.base_dropped) / seconds(span);
    state.base_at = sample.at;
    state.base_dropped = drops;
  }
  if (!same_process || sample.link != state.view.sample.link) state.coverage = {};
  for (Coverage& end : state.coverage) end.see_capture(source.wall(sample.at), bytes(sample));
  state.source = source;
  state.seen = now;
  state.view.node = source.node;
  state.view.sample = sample;
  return true;
}

bool Captures::apply(const TalkersSample& sample, const SampleSource& source, Instant now,
                     Admission& admission) {
  const auto found = captures_.find(sample.capture);
  if (found == captures_.end()) return false;
  State& state = found->second;
  if (state.source != source) return false;
  if (!state.view.talkers && !admission.admit(source.node, kSeriesOfTalkers)) return false;
  state.view.talkers = std::make_shared<const TalkersSample>(sample);
  state.talkers_seen = now;
  return true;
}

bool Captures::tick(Instant now, std::uint32_t stale_after, Admission& admission) {
  bool changed = false;
  for (auto it = captures_.begin(); it != captures_.end();) {
    State& state = it->second;
    if (state.view.talkers &&
        now - state.talkers_seen > stale_time(state.view.talkers->interval, stale_after)) {
      state.view.talkers.reset();
      admission.release(state.source.node, kSeriesOfTalkers);
      changed = true;
    }
    if (now - state.seen <= stale_time(state.view.sample.interval, stale_after)) {
      ++it;
      continue;
    }
    admission.release(state.source.node, kSeriesOfCapture);
    if (state.view.talkers) admission.release(state.source.node, kSeriesOfTalkers);
    it = captures_.erase(it);
    changed = true;
  }
  return changed;
}

void Captures::see_port(const LinkName& link, std::size_t end, const InterfaceView& interface,
                        Duration lag) {
  const PortPoll poll{interface.at, interface.counters.get(Column::in_octets),
                      interface.counters.get(Column::out_octets),
                      known(interface.receive) && known(interface.transmit), lag};
  for (auto& [name, state] : captures_) {
    if (state.view.sample.link == link) state.coverage[end].see_port(poll);
  }
}

std::optional<double> Captures::coverage(const CollectorName& name, std::size_t end) const {
  const auto found = captures_.find(name);
  return found == captures_.end() ? std::nullopt : found->second.coverage[end].ratio();
}

std::vector<CaptureView> Captures::views() const {
  std::vector<CaptureView> views;
  views.reserve(captures_.size());
  for (const auto& [name, state] : captures_) views.push_back(state.view);
  return views;
}

}  // namespace itnxt
