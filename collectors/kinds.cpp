#include "collectors/kinds.hpp"

#include <array>
#include <variant>

#include "collectors/pcap/collector.hpp"
#include "collectors/snmp/collector.hpp"

namespace itnxt {
namespace {

using Make = std::unique_ptr<Collector> (*)(const CollectorConfig&, CollectorContext);

template <class T, std::unique_ptr<Collector> (*make)(const T&, CollectorContext)>
constexpr Make kind() {
  return [](const CollectorConfig& config, CollectorContext context) {
    return make(std::get<T>(config), context);
  };
}

// In the order of CollectorConfig's alternatives.
constexpr std::array kinds = {
    kind<SnmpCollectorConfig, make_snmp_collector>(),
    kind<PcapCollectorConfig, make_pcap_collector>(),
};
static_assert(kinds.size() == kCollectorKindNames.size());

}  // namespace

std::string_view kind_of(const CollectorConfig& config) {
  return kCollectorKindNames[config.index()];
}

std::unique_ptr<Collector> make_collector(const CollectorConfig& config, CollectorContext context) {
  return kinds[config.index()](config, context);
}

}  // namespace itnxt
