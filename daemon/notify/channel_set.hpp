// The channels of the configuration as they come, change and go. One that goes or changes while a
// request is in flight ends that first: cut off, it may have reached its receiver all the same.
// On the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/notify/notifier.hpp"

namespace itnxt {

class ChannelSet {
 public:
  struct Hooks {
    // What a channel that begins, or begins anew, is to be given, in order.
    std::function<std::vector<Delivery>(const ChannelName& channel)> owed;
    std::function<void(const ChannelName& channel, const std::string& incident, Progress progress)>
        report;
  };
  ChannelSet(Loop& loop, Log& log, std::unique_ptr<HttpPoster> http, std::string external_url,
             Hooks hooks);

  // These channels from now on.
  void configure(const std::vector<Channel>& channels);
  // To be called now and then: lets go of what left, begins anew what changed. Whether any did.
  bool replace_idle();

  // Nothing for a channel that is not there, or is about to begin anew.
  void put(const Delivery& delivery);
  // No further request begins.
  void stop();
  [[nodiscard]] bool busy() const;

  [[nodiscard]] std::vector<BoardChannel> board() const;
  // Whether board() would show the same as `shown`.
  [[nodiscard]] bool shows(const std::vector<BoardChannel>& shown) const;

 private:
  struct Slot {
    Channel config;
    std::unique_ptr<Notifier> notifier;
    bool replace = false;  // the configuration changed while a request was in flight
  };
  [[nodiscard]] std::unique_ptr<Notifier> make(const Channel& channel, BoardChannel start);
  void drop_all_but(const std::vector<Channel>& channels);

  Loop& loop_;
  Log& log_;
  const std::string external_url_;
  const Hooks hooks_;
  std::unique_ptr<HttpPoster> http_;
  std::map<ChannelName, Slot> slots_;
  std::vector<std::unique_ptr<Notifier>> leaving_;  // of removed channels, until idle
};

}  // namespace itnxt
