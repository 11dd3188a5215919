#include "daemon/notify/channel_set.hpp"

#include <algorithm>
#include <utility>

#include "daemon/notify/channels.hpp"

namespace itnxt {

ChannelSet::ChannelSet(Loop& loop, Log& log, std::unique_ptr<HttpPoster> http,
                       std::string external_url, Hooks hooks)
    : loop_(loop),
      log_(log),
      external_url_(std::move(external_url)),
      hooks_(std::move(hooks)),
      http_(std::move(http)) {}

std::unique_ptr<Notifier> ChannelSet::make(const Channel& channel, BoardChannel start) {
  NotifierContext context{
      loop_, log_, *http_, external_url_,
      [this, name = channel.name](const std::string& incident, Progress progress) {
        hooks_.report(name, incident, progress);
      }};
  auto notifier = make_notifier(channel, std::move(context), std::move(start));
  for (const Delivery& delivery : hooks_.owed(channel.name)) notifier->put(delivery);
  return notifier;
}

void ChannelSet::configure(const std::vector<Channel>& channels) {
  drop_all_but(channels);
  for (const Channel& channel : channels) {
    const auto [place, is_new] = slots_.try_emplace(channel.name);
    Slot& slot = place->second;
    if (!is_new && slot.config == channel) continue;
    slot.config = channel;
    if (is_new) {
      slot.notifier = make(channel, {});
    } else {
      slot.replace = true;
      slot.notifier->stop();
    }
  }
  replace_idle();
}

void ChannelSet::drop_all_but(const std::vector<Channel>& channels) {
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    const bool stays = std::any_of(channels.begin(), channels.end(),
                                   [&](const Channel& c) { return c.name == slot->first; });
    if (stays) {
      ++slot;
      continue;
    }
    slot->second.notifier->stop();
    leaving_.push_back(std::move(slot->second.notifier));
    slot = slots_.erase(slot);
  }
}

bool ChannelSet::replace_idle() {
  bool replaced = false;
  std::erase_if(leaving_, [](const auto& notifier) { return !notifier->busy(); });
  for (auto& [name, slot] : slots_) {
    if (!slot.replace || slot.notifier->busy()) continue;
    BoardChannel counts = slot.notifier->board();
    slot.notifier = make(slot.config, std::move(counts));
    slot.replace = false;
    replaced = true;
  }
  return replaced;
}

void ChannelSet::put(const Delivery& delivery) {
  const auto slot = slots_.find(delivery.channel);
  if (slot != slots_.end() && !slot->second.replace) slot->second.notifier->put(delivery);
}

void ChannelSet::stop() {
  for (auto& [name, slot] : slots_) slot.notifier->stop();
}

bool ChannelSet::busy() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const auto& slot) { return slot.second.notifier->busy(); }) ||
         std::any_of(leaving_.begin(), leaving_.end(), [](const auto& one) { return one->busy(); });
}

std::vector<BoardChannel> ChannelSet::board() const {
  std::vector<BoardChannel> board;
  for (const auto& [name, slot] : slots_) board.push_back(slot.notifier->board());
  return board;
}

bool ChannelSet::shows(const std::vector<BoardChannel>& shown) const {
  return std::equal(slots_.begin(), slots_.end(), shown.begin(), shown.end(),
                    [](const auto& slot, const BoardChannel& one) {
                      return shows_the_same(slot.second.notifier->board(), one);
                    });
}

}  // namespace itnxt
