#include "collectors/kinds.hpp"

#include <array>
#include <variant>

#include "collectors/host/collector.hpp"
#include "collectors/pcap/collector.hpp"
#include "collectors/probe/collector.hpp"
#include "collectors/snmp/collector.hpp"
#include "collectors/trap/collector.hpp"

namespace itnxt {
namespace {

struct Kind {
  std::unique_ptr<Collector> (*make)(const CollectorConfig&, CollectorContext);
  std::vector<Objection> (*check)(const CollectorConfig&);
};

template <class T>
std::vector<Objection> nothing_to_check(const T&) {
  return {};
}

template <class T, std::unique_ptr<Collector> (*make)(const T&, CollectorContext),
          std::vector<Objection> (*check)(const T&) = nothing_to_check<T>>
constexpr Kind kind() {
  return {[](const CollectorConfig& config, CollectorContext context) {
            return make(std::get<T>(config), context);
          },
          [](const CollectorConfig& config) { return check(std::get<T>(config)); }};
}

// In the order of CollectorConfig's alternatives.
constexpr std::array kinds = {
    kind<SnmpCollectorConfig, make_snmp_collector>(),
    kind<PcapCollectorConfig, make_pcap_collector, check_pcap>(),
    kind<ProbeCollectorConfig, make_probe_collector, check_probe>(),
    kind<HostCollectorConfig, make_host_collector>(),
    kind<TrapCollectorConfig, make_trap_collector, check_trap>(),
};
static_assert(kinds.size() == kCollectorKindNames.size());

}  // namespace

std::string_view kind_of(const CollectorConfig& config) {
  return kCollectorKindNames[config.index()];
}

std::unique_ptr<Collector> make_collector(const CollectorConfig& config, CollectorContext context) {
  return kinds[config.index()].make(config, context);
}

std::vector<Objection> check_collector(const CollectorConfig& config) {
  return kinds[config.index()].check(config);
}

}  // namespace itnxt
