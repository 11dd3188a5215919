#include "daemon/state/collectors.hpp"

#include <algorithm>

#include "daemon/state/device_state.hpp"
#include "daemon/state/identity.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostCollectors = 20'000;
constexpr std::size_t kEpochsKept = 4;

}  // namespace

Collectors::State* Collectors::find_or_add(const Batch& batch, Admission& admission) {
  const std::pair key(NodeName(safe_text(batch.node.text())),
                      CollectorName(safe_text(batch.collector.text())));
  const auto found = collectors_.find(key);
  if (found != collectors_.end()) return &found->second;
  if (collectors_.size() >= kMostCollectors || !admission.admit(key.first, kSeriesOfCollector)) {
    return nullptr;
  }
  State state;
  state.view.node = key.first;
  state.view.collector = key.second;
  return &collectors_.emplace(key, std::move(state)).first->second;
}

Arrival Collectors::arrive(const Batch& batch, Instant now, WallTime wall,
                           std::uint32_t stale_after, Admission& admission) {
  State* state = find_or_add(batch, admission);
  if (state == nullptr) return Arrival::refused;
  std::vector<Epoch>& epochs = state->epochs;
  auto epoch = std::find_if(epochs.begin(), epochs.end(),
                            [&](const Epoch& e) { return e.id == batch.epoch; });
  if (epoch != epochs.end() && batch.sequence <= epoch->last_sequence) return Arrival::duplicate;

  const Duration silence = now - state->view.last_batch_at;
  const bool is_present = epoch == epochs.begin();
  // Wall clocks step: what a dead process left is only told apart while its successor is alive.
  const bool is_backlog = !epochs.empty() && !is_present && batch.closed_wall <= state->closed &&
                          silence <= stale_time(state->view.interval, stale_after);
  if (epoch == epochs.end()) {
    epoch = epochs.insert(is_backlog ? epochs.end() : epochs.begin(), Epoch{batch.epoch, 0, 0});
  } else if (!is_backlog && !is_present) {
    std::rotate(epochs.begin(), epoch, epoch + 1);
    epoch = epochs.begin();
  }
  epoch->last_sequence = batch.sequence;
  epoch->lost = std::max(epoch->lost, batch.lost);
  state->view.lost_batches = state->lost_before;
  for (const Epoch& e : epochs) state->view.lost_batches += e.lost;
  if (epochs.size() > kEpochsKept) {
    // Never the one at hand: the backlog of one epoch comes in one piece.
    const auto oldest = epochs.end() - (is_backlog ? 2 : 1);
    state->lost_before += oldest->lost;
    epochs.erase(oldest);
  }
  state->view.last_batch = wall;
  state->view.last_batch_at = now;
  if (is_backlog) return Arrival::backlog;
  state->closed = batch.closed_wall;
  state->view.interval = batch.interval;
  return Arrival::fresh;
}

std::vector<CollectorView> Collectors::views() const {
  std::vector<CollectorView> views;
  views.reserve(collectors_.size());
  for (const auto& [key, state] : collectors_) views.push_back(state.view);
  return views;
}

}  // namespace itnxt
