// The outer half: collectors → outlet → DEALER, and trap → polls → snmp among the collectors. On
// the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collectors/collector.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/outlet.hpp"
#include "daemon/shell.hpp"

namespace itnxt {

class Collection {
 public:
  struct Options {
    std::uint64_t epoch = 0;        // random per process
    std::vector<std::string> only;  // names of collectors; empty: all
    bool feeds_own = false;         // an aggregator is in this process: it always gets everything
  };
  // The error says what another process has that is not to be shared.
  static Result<std::unique_ptr<Collection>> open(const Shell& shell, const Config& config,
                                                  Options options);

  // A collector whose settings are as they were goes on undisturbed; another may take them over
  // without an end of what they leave as it was (Collector::update).
  void reconfigure(const Config& config);

  // Stops the collectors, delivers or spools what is left, then calls `done`.
  void drain(Loop::Callback done);

  [[nodiscard]] std::size_t size() const { return running_.size(); }

 private:
  struct Running {
    CollectorConfig config;
    std::unique_ptr<Collector> collector;
  };
  Collection(const Shell& shell, const Config& config, Options options);
  // False: it has to be made anew.
  [[nodiscard]] bool take_over(Running& running, const CollectorConfig& fresh);
  [[nodiscard]] bool selected(const CollectorName& name) const;

  const Shell shell_;
  const std::vector<std::string> only_;
  Outlet outlet_;
  PollRequests polls_;  // among the collectors
  std::map<CollectorName, Running>
      running_;  // after outlet_ and polls_, which outlive the collectors
};

}  // namespace itnxt
