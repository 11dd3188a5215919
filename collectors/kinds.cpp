#include "collectors/kinds.hpp"

#include <array>
#include <variant>

#include "collectors/pcap/collector.hpp"
#include "collectors/snmp/collector.hpp"

namespace itnxt {
namespace {

struct CollectorKind {
  std::string_view name;
  std::unique_ptr<Collector> (*make)(const CollectorConfig&, CollectorContext);
};

template <class T, std::unique_ptr<Collector> (*make)(const T&, CollectorContext)>
constexpr CollectorKind kind(std::string_view name) {
  return {name, [](const CollectorConfig& config, CollectorContext context) {
            return make(std::get<T>(config), context);
          }};
}

// In the order of CollectorConfig's alternatives.
constexpr std::array kinds = {
    kind<SnmpCollectorConfig, make_snmp_collector>("snmp"),
    kind<PcapCollectorConfig, make_pcap_collector>("pcap"),
};
static_assert(kinds.size() == std::variant_size_v<CollectorConfig>);

}  // namespace

std::string_view kind_of(const CollectorConfig& config) {
  return kinds[config.index()].name;
}

std::unique_ptr<Collector> make_collector(const CollectorConfig& config, CollectorContext context) {
  return kinds[config.index()].make(config, context);
}

}  // namespace itnxt
