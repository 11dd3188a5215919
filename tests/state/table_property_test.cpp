// Whatever nodes send, the table's invariants hold.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "daemon/core/text.hpp"
#include "tests/state/world.hpp"

namespace itnxt {
namespace {

// As the decoder lets it through.
std::string any_text() {
  return *rc::gen::oneOf(
      rc::gen::element<std::string>("eth0", "eth1", "eth0#2", "", "Straße"),
      rc::gen::map(rc::gen::arbitrary<std::string>(), [](const auto& s) { return sanitize(s); }));
}

DeviceSample any_sample(const test::Poller& poller) {
  DeviceSample sample = poller.poll(*rc::gen::element("r1", "r2", "r9"), {});
  sample.result = *rc::gen::element(PollResult::ok, PollResult::partial, PollResult::timeout,
                                    PollResult::auth, PollResult::error);
  sample.complete = *rc::gen::arbitrary<bool>();
  sample.interval = Duration(*rc::gen::arbitrary<std::int64_t>());
  sample.took = Duration(*rc::gen::arbitrary<std::int64_t>());
  sample.problem = any_text();
  sample.sys_descr = any_text();
  const auto rows = *rc::gen::inRange(0, 6);
  for (int i = 0; i < rows; ++i) {
    InterfaceSample row;
    row.if_index = *rc::gen::inRange(0U, 5U);
    row.if_name = any_text();
    row.if_descr = any_text();
    row.if_alias = any_text();
    row.oper = static_cast<OperStatus>(*rc::gen::inRange(0, 8));
    if (*rc::gen::arbitrary<bool>()) row.speed = BytesPerSecond(*rc::gen::arbitrary<double>());
    row.at = *rc::gen::element(sample.at, SourceTime::min(), SourceTime::max(), SourceTime{});
    row.uptime = TimeTicks{*rc::gen::arbitrary<std::uint32_t>()};
    row.counters.set(Column::in_octets,
                     {*rc::gen::arbitrary<std::uint64_t>(), CounterWidth::bits64});
    sample.interfaces.push_back(std::move(row));
  }
  return sample;
}

void hold(const Snapshot& snapshot, const Limits& limits, std::uint64_t configured) {
  RC_ASSERT(snapshot.series <= limits.series + configured);
  std::uint64_t interfaces = 0;
  for (const auto& device : snapshot.devices) {
    std::set<std::string> names;
    std::uint32_t last = 0;
    for (const InterfaceView& one : device->interfaces) {
      RC_ASSERT(names.insert(one.identity->name.text()).second);
      RC_ASSERT(is_valid_utf8(one.identity->labels));
      RC_ASSERT(one.identity->labels.find('\n') == std::string::npos);
      RC_ASSERT(is_valid_utf8(one.alias) && is_valid_utf8(one.descr));
      RC_ASSERT(names.size() == 1 || one.if_index > last);
      last = one.if_index;
    }
    RC_ASSERT(device->fresh || device->interfaces.empty());
    RC_ASSERT(is_valid_utf8(device->sys_descr) && is_valid_utf8(device->problem));
    interfaces += device->interfaces.size();
  }
  RC_ASSERT(snapshot.series == configured + interfaces * kSeriesOfInterface +
                                   snapshot.collectors.size() * kSeriesOfCollector);
}

RC_GTEST_PROP(Table, SurvivesHostileNodes, ()) {
  Config config = test::two_routers();
  config.aggregator.limits.series = *rc::gen::element<std::uint64_t>(0, 60, 100, 150, 1000000);
  const std::uint64_t configured = 2 * kSeriesOfDevice + kSeriesOfLink;
  Table table(config);
  test::Poller poller;
  const auto steps = *rc::gen::inRange(1, 25);
  for (int i = 0; i < steps; ++i) {
    poller.pass(std::chrono::seconds(*rc::gen::element(0, 1, 60, 100, 1000)));
    poller.node = NodeName(*rc::gen::element<std::string>("md", "hal", "ß"));
    poller.epoch = *rc::gen::inRange<std::uint64_t>(0, 8);
    poller.send(table, {any_sample(poller), any_sample(poller)});
    if (*rc::gen::arbitrary<bool>()) table.tick(poller.now);
    hold(*poller.look(table), config.aggregator.limits, configured);
  }
  table.reconfigure(Config{});
  RC_ASSERT(poller.look(table)->devices.empty());
  RC_ASSERT(poller.look(table)->series ==
            poller.look(table)->collectors.size() * kSeriesOfCollector);
}

}  // namespace
}  // namespace itnxt
