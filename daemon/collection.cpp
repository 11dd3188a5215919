#include "daemon/collection.hpp"

#include <algorithm>
#include <iterator>

#include "collectors/kinds.hpp"

namespace itnxt {
namespace {

OutletConfig outlet_config(const Config& config, const Collection::Options& options) {
  OutletConfig out;
  out.node = config.node;
  out.endpoints = config.transport.aggregators;
  if (options.feeds_own) {
    std::erase(out.endpoints, config.aggregator.listen);  // the same one, by its other door
    out.endpoints.insert(out.endpoints.begin(), kInproc);
  }
  out.spool = config.transport.spool;
  out.curve = config.transport.curve;
  out.epoch = options.epoch;
  return out;
}

}  // namespace

Collection::Collection(const Shell& shell, const Config& config, Options options)
    : shell_(shell),
      only_(std::move(options.only)),
      outlet_(shell.loop, shell.log, shell.zmq, outlet_config(config, options)) {}

Result<std::unique_ptr<Collection>> Collection::open(const Shell& shell, const Config& config,
                                                     Options options) {
  std::unique_ptr<Collection> self(new Collection(shell, config, std::move(options)));
  for (const CollectorConfig& one : config.collectors) {  // all, before the first begins
    if (!self->selected(name_of(one))) continue;
    if (const Status claimed = self->outlet_.claim(name_of(one)); !claimed) {
      return Error{"transport." + claimed.error()};
    }
  }
  self->reconfigure(config);
  return self;
}

void Collection::reconfigure(const Config& config) {
  std::map<CollectorName, const CollectorConfig*> wanted;
  for (const CollectorConfig& c : config.collectors) {
    if (selected(name_of(c))) wanted[name_of(c)] = &c;
  }
  for (const std::string& name : only_) {
    if (wanted.contains(CollectorName(name))) continue;
    shell_.log.warning("the configuration no longer has this collector of --only",
                       {{"collector", name}});
  }
  for (auto one = running_.begin(); one != running_.end();) {
    const auto fresh = wanted.find(one->first);
    const bool stays = fresh != wanted.end() && take_over(one->second, *fresh->second);
    const CollectorName name = one->first;
    if (!stays) {
      one->second.collector->end(fresh == wanted.end() ? Ending::removed : Ending::reload);
    }
    one = stays ? std::next(one) : running_.erase(one);
    // Behind the collector's end, at which it may have something to tell yet.
    if (fresh == wanted.end()) outlet_.end_stream(name);
  }
  for (const auto& [name, collector] : wanted) {
    if (running_.contains(name)) continue;
    Sink& sink = outlet_.stream(name, interval_of(*collector));
    auto made = make_collector(*collector, {shell_.loop, sink, shell_.log, outlet_.files_of(name),
                                            shell_.privileged, &polls_});
    made->start();
    running_.emplace(name, Running{*collector, std::move(made)});
  }
}

bool Collection::take_over(Running& running, const CollectorConfig& fresh) {
  if (fresh == running.config) return true;
  if (!running.collector->update(fresh)) return false;
  running.config = fresh;
  (void)outlet_.stream(name_of(fresh), interval_of(fresh));  // its interval may be another one
  return true;
}

void Collection::drain(Loop::Callback done) {
  for (auto& [name, running] : running_) running.collector->end(Ending::shutdown);
  running_.clear();
  outlet_.drain(kDrainLimit, std::move(done));
}

bool Collection::selected(const CollectorName& name) const {
  return only_.empty() || std::ranges::find(only_, name.text()) != only_.end();
}

}  // namespace itnxt
