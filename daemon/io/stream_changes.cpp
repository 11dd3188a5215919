#include "daemon/io/stream_changes.hpp"

#include <algorithm>
#include <utility>

namespace itnxt {
namespace {

constexpr Duration kWholeAtMostEvery = 5s;
constexpr Duration kWholeAtLeastEvery = 1min;  // but for interfaces, of which there are many
constexpr std::size_t kMostTopics = 2'000'000;
constexpr std::size_t kLongest = 256;

template <class Quantity>
std::optional<double> number(const std::optional<Quantity>& value) {
  return value ? std::optional(value->count()) : std::nullopt;
}

wire::LinkState state_of(const LinkView& link) {
  return {link.name.text(),
          link.up,
          number(link.capacity),
          number(link.a_to_b),
          number(link.b_to_a),
          number(link.utilization_a_to_b),
          number(link.utilization_b_to_a)};
}

wire::InterfaceState state_of(const InterfaceView& view) {
  return {view.identity->device.text(), view.identity->name.text(),   view.up,
          number(known(view.receive)),  number(known(view.transmit)), number(known(view.errors)),
          number(known(view.discards))};
}

bool shows_the_same(const InterfaceView& a, const InterfaceView& b) {
  return a.identity == b.identity && a.up == b.up && known(a.receive) == known(b.receive) &&
         known(a.transmit) == known(b.transmit) && known(a.errors) == known(b.errors) &&
         known(a.discards) == known(b.discards);
}

bool comes_before(const BoardAlert& a, const BoardAlert& b) {
  return std::tie(a.alert, a.subject) < std::tie(b.alert, b.subject);
}

}  // namespace

bool StreamChanges::subscribe(std::string_view prefix) {
  if (prefix.size() > kLongest) return false;
  is_new_ = true;
  if (prefixes_.contains(prefix)) return true;
  if (prefixes_.size() >= kMaxSubscriptions ||
      subscribed_bytes_ + prefix.size() > kMaxSubscribedBytes) {
    return false;
  }
  prefixes_.emplace(prefix);
  ++lengths_[prefix.size()];
  subscribed_bytes_ += prefix.size();
  return true;
}

void StreamChanges::unsubscribe(std::string_view prefix) {
  const auto found = prefixes_.find(prefix);
  if (found == prefixes_.end()) return;
  --lengths_[prefix.size()];
  subscribed_bytes_ -= prefix.size();
  prefixes_.erase(found);
  if (prefixes_.empty()) forget();
}

void StreamChanges::unsubscribe_all() {
  prefixes_.clear();
  lengths_ = {};
  subscribed_bytes_ = 0;
  forget();
}

// But for the sequences: who comes again sees what it missed.
void StreamChanges::forget() {
  links_.clear();
  slots_.clear();
  slots_.shrink_to_fit();
  board_.reset();
}

bool StreamChanges::wants(std::string_view topic) const {
  const std::size_t most = std::min(topic.size(), kLongest);
  for (std::size_t length = 0; length <= most; ++length) {
    if (lengths_[length] > 0 && prefixes_.contains(topic.substr(0, length))) return true;
  }
  return false;
}

// Whether there may be topics of this beginning that somebody wants.
bool StreamChanges::may_want(std::string_view beginning) const {
  const auto next = prefixes_.lower_bound(beginning);
  return wants(beginning) || (next != prefixes_.end() && next->starts_with(beginning));
}

void StreamChanges::round(const std::shared_ptr<const Snapshot>& snapshot,
                          const std::shared_ptr<const Board>& board, const Emit& emit) {
  if (prefixes_.empty()) return;
  emit_ = &emit;
  now_ = snapshot->wall;
  const Duration since = snapshot->at - whole_at_;
  const bool fresh = is_new_ && (!sent_before_ || since >= kWholeAtMostEvery);
  const bool all = fresh || since >= kWholeAtLeastEvery;
  if (fresh) {
    ++generation_;
    is_new_ = false;
    sent_before_ = true;
  }
  if (all) whole_at_ = snapshot->at;
  if (sequences_.size() > kMostTopics) {
    sequences_.clear();
    ++epoch_;
  }
  if (may_want("link.")) links(*snapshot, all);
  if (may_want("interface.")) interfaces(*snapshot);
  if (board) {
    if (may_want("alert.")) alerts(*board, all);
    if (wants("crisis")) crisis(*board, all);
    board_ = board;
  }
  emit_ = nullptr;
}

template <class State>
void StreamChanges::send(const std::string& topic, State state) {
  const std::uint64_t sequence = ++sequences_[topic];
  (*emit_)(topic, wire::encode({epoch_, sequence, now_, std::move(state)}));
}

void StreamChanges::links(const Snapshot& snapshot, bool all) {
  for (const LinkView& link : snapshot.links) {
    const std::string topic = "link." + link.name.text();
    if (!wants(topic)) continue;
    wire::LinkState state = state_of(link);
    const auto [before, fresh] = links_.try_emplace(link.name.text());
    if (!all && !fresh && before->second == state) continue;
    before->second = state;
    send(topic, std::move(state));
  }
}

void StreamChanges::align(const Snapshot& snapshot) {
  const auto& devices = snapshot.devices;
  const bool same =
      slots_.size() == devices.size() &&
      std::equal(slots_.begin(), slots_.end(), devices.begin(),
                 [](const Slot& slot, const auto& d) { return slot.name == d->name; });
  if (same) return;
  std::vector<Slot> aligned;
  aligned.reserve(devices.size());
  auto before = slots_.begin();
  for (const auto& device : devices) {  // both by name
    while (before != slots_.end() && before->name < device->name) ++before;
    const bool known = before != slots_.end() && before->name == device->name;
    aligned.push_back(known ? std::move(*before) : Slot{device->name, nullptr, 0});
  }
  slots_ = std::move(aligned);
}

// From where the round before had to stop.
void StreamChanges::interfaces(const Snapshot& snapshot) {
  align(snapshot);
  std::size_t sent = 0;
  for (std::size_t n = 0; n < slots_.size() && sent < kMostInterfaces; ++n) {
    cursor_ = cursor_ + 1 < slots_.size() ? cursor_ + 1 : 0;
    sent += device(slots_[cursor_], snapshot.devices[cursor_]);
  }
}

std::size_t StreamChanges::device(Slot& slot, const std::shared_ptr<const DeviceView>& now) {
  const bool all = slot.generation != generation_;
  if (!all && slot.sent == now) return 0;
  const auto before = std::exchange(slot.sent, now);
  slot.generation = generation_;
  const std::string beginning = "interface." + now->name.text() + '.';
  if (!may_want(beginning)) return 0;
  std::size_t sent = 0;
  std::size_t old = 0;
  for (const InterfaceView& view : now->interfaces) {  // both by if_index
    while (before && old < before->interfaces.size() &&
           before->interfaces[old].if_index < view.if_index) {
      ++old;
    }
    const bool same =
        before && old < before->interfaces.size() && shows_the_same(before->interfaces[old], view);
    if (same && !all) continue;
    const std::string topic = beginning + view.identity->name.text();
    if (!wants(topic)) continue;
    send(topic, state_of(view));
    ++sent;
  }
  return sent;
}

void StreamChanges::alert(const BoardAlert& one, std::string_view state) {
  const std::string topic = "alert." + one.alert;
  if (!wants(topic)) return;
  const auto summary = one.annotations.find("summary");
  send(topic,
       wire::AlertState{one.alert, one.subject, std::string(name(one.severity)), std::string(state),
                        one.since, summary == one.annotations.end() ? "" : summary->second});
}

void StreamChanges::alerts(const Board& board, bool all) {
  if (!all && board_.get() == &board) return;
  static const std::vector<BoardAlert> kNone;
  const std::vector<BoardAlert>& old = board_ ? board_->alerts : kNone;
  auto before = old.begin();
  for (const BoardAlert& now : board.alerts) {
    for (; before != old.end() && comes_before(*before, now); ++before) alert(*before, "resolved");
    const bool known = before != old.end() && !comes_before(now, *before);
    if (all || !known || before->state != now.state || before->since != now.since) {
      alert(now, name(now.state));
    }
    if (known) ++before;
  }
  for (; before != old.end(); ++before) alert(*before, "resolved");
}

void StreamChanges::crisis(const Board& board, bool all) {
  if (!all && board_ && board_->crisis == board.crisis &&
      board_->crisis_sites == board.crisis_sites) {
    return;
  }
  wire::CrisisState state{std::string(kCrisisStateNames[static_cast<std::size_t>(board.crisis)]),
                          {}};
  for (const SiteName& site : board.crisis_sites) state.sites.push_back(site.text());
  send("crisis", std::move(state));
}

}  // namespace itnxt
