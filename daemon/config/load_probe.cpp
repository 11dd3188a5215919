// Probes and their targets.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/config/addresses.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/scalars.hpp"

namespace itnxt {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::int64_t kMostDscp = 63;  // six bits (RFC 2474 §3)
constexpr Duration kLeastTime = 1ms;
constexpr Duration kMostTimeout = 60s;
constexpr std::size_t kMostTargets = 20'000;
// Echoes are told apart by 16 bits: none may come back to a number that is under way again.
constexpr std::size_t kMostEchoes = 32'768;
constexpr std::size_t kMostQuery = 253;  // RFC 1035 §2.3.4, without the last dot

// The keys that say what to ask; each type takes some of them.
struct Asks {
  bool address;
  bool url;
  bool query;
};
constexpr Asks asks(ProbeType type) {
  switch (type) {
    case ProbeType::icmp:
    case ProbeType::tcp:
      return {true, false, false};
    case ProbeType::http:
      return {false, true, false};
    case ProbeType::dns:
      return {true, false, true};
  }
  return {};
}

// Of a host that is no name.
std::optional<ProbeFamily> family_of_literal(const std::string& host) {
  if (host.find(':') != std::string::npos) return ProbeFamily::ipv6;
  const bool four = !host.empty() && host.find_first_not_of("0123456789.") == std::string::npos;
  return four ? std::optional(ProbeFamily::ipv4) : std::nullopt;
}

class TargetReader {
 public:
  TargetReader(Draft& draft, const Value& value, ProbeTarget& target)
      : draft_(draft), object_(draft.problems, value, schema::probe_target), target_(target) {}

  void read(NameTable& names, std::size_t index) {
    if (!object_.is_map()) return;
    if (object_.name("name", target_.name)) {
      names.add(draft_.problems, target_.name.text(), *object_.find("name"), index);
    }
    if (object_.name("site", target_.site)) {
      draft_.sites.find(draft_.problems, target_.site.text(), *object_.find("site"));
    }
    object_.choice("family", target_.family, kProbeFamilyNames);
    object_.duration("timeout", target_.timeout, kLeastTime, kMostTimeout);
    object_.integer("dscp", target_.dscp, 0, kMostDscp);
    if (object_.has("type") && !object_.choice("type", target_.type, kProbeTypeNames)) return;
    const Asks asked = asks(target_.type);
    if (takes("address", asked.address)) read_address();
    if (takes("url", asked.url)) read_url();
    if (takes("query", asked.query)) read_query();
    takes_also("expect", asked.url);
    takes_also("ca", asked.url);
    takes_also("query_type", asked.query);
    read_expect();
    check_family();
    object_.path("ca", target_.ca);
    object_.choice("query_type", target_.query_type, kDnsTypeNames);
  }

 private:
  [[nodiscard]] std::string_view type() const {
    return kProbeTypeNames[static_cast<std::size_t>(target_.type)];
  }

  void takes_also(std::string_view key, bool wanted) {
    if (wanted || !object_.has(key)) return;
    draft_.problems.error(*object_.key(key),
                          fmt::format("a target of type {} has no '{}'", type(), key));
  }

  bool takes(std::string_view key, bool wanted) {
    takes_also(key, wanted);
    if (wanted && !object_.has(key) && !object_.value().is_null()) {
      draft_.problems.error(object_.value(),
                            fmt::format("a target of type {} lacks '{}'", type(), key));
    }
    return wanted && object_.has(key);
  }

  void read_address() {
    const Value& at = *object_.find("address");
    const auto text = scalar_text(draft_.problems, at, "address");
    if (!text) return;
    const std::uint16_t usual = target_.type == ProbeType::dns ? kDnsPort : 0;
    const Result<HostPort> address = parse_address(*text, usual);
    if (!address) return draft_.problems.error(at, "address: " + address.error());
    if (target_.type == ProbeType::icmp && address->port != 0) {
      return draft_.problems.error(at, "address: an icmp echo goes to a host, not to a port");
    }
    if (target_.type == ProbeType::tcp && address->port == 0) {
      return draft_.problems.error(
          at, fmt::format("address: expected HOST:PORT to connect to, not {}", in_quotes(*text)));
    }
    target_.host = address->host;
    target_.port = address->port;
  }

  void read_url() {
    const Value& at = *object_.find("url");
    const auto text = scalar_text(draft_.problems, at, "url");
    if (!text) return;
    const Result<HttpUrl> url = parse_http_url(*text);
    if (!url) return draft_.problems.error(at, "url: " + url.error());
    target_.url = std::string(*text);
    target_.host = url->to.host;
    target_.port = url->to.port;
  }

  // A name may have addresses of both.
  void check_family() {
    const auto family = family_of_literal(target_.host);
    if (!family || target_.family == ProbeFamily::any || target_.family == *family) return;
    draft_.problems.error(
        object_.value(),
        fmt::format("family: {} is no address of {}; expected one, or a name", target_.host,
                    kProbeFamilyNames[static_cast<std::size_t>(target_.family)]));
  }

  void read_query() {
    if (!object_.text("query", target_.query, kMostQuery)) return;
    std::string_view rest = target_.query;
    if (rest != "." && rest.ends_with('.')) rest.remove_suffix(1);
    while (rest != ".") {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      const bool plain = std::ranges::all_of(
          rest.substr(0, dot), [](unsigned char c) { return c > ' ' && c < 0x7F && c != '\\'; });
      if (dot == 0 || dot > 63 || !plain) {
        return draft_.problems.error(
            *object_.find("query"),
            fmt::format("query: expected a DNS name of labels of 1 to 63 bytes, not {}",
                        in_quotes(target_.query)));
      }
      if (dot == rest.size()) return;
      rest.remove_prefix(dot + 1);
    }
  }

  void read_expect() {
    const Value* given = object_.find("expect");
    if (given == nullptr) return;
    const auto take = [&](const Value& at) {
      const auto text = scalar_text(draft_.problems, at, "expect");
      if (!text) return;
      const Result<std::int64_t> status = parse_integer(*text);
      if (!status || *status < 200 || *status > 599) {
        return draft_.problems.error(
            at, fmt::format("expect: expected an HTTP status from 200 to 599, not {}",
                            in_quotes(*text)));
      }
      target_.expect.push_back(static_cast<std::uint16_t>(*status));
    };
    if (given->is_scalar()) return take(*given);
    for (const Value* item : list_items(draft_.problems, *given, "expect", "HTTP statuses")) {
      take(*item);
    }
  }

  Draft& draft_;
  const Object object_;
  ProbeTarget& target_;
};

// A train must be over before the next begins: `count` spacings and the last probe's patience.
void fit(Draft& draft, const Object& object, ProbeCollectorConfig& collector) {
  Duration patience{};
  std::size_t echoes = 0;
  for (const ProbeTarget& target : collector.targets) {
    patience = std::max(patience, target.timeout);
    if (target.type == ProbeType::icmp) ++echoes;
  }
  if (!object.has("spacing")) {
    const Duration room = (collector.interval - patience) / collector.count;
    collector.spacing = std::max(kLeastTime, std::min(collector.spacing, room));
  }
  if (collector.count * collector.spacing + patience > collector.interval) {
    draft.problems.error(
        object.value(),
        fmt::format("collector '{}': a train of {} probes {} apart and a timeout of {} take {}, "
                    "longer than the interval of {}",
                    collector.name.text(), collector.count, to_text(collector.spacing),
                    to_text(patience), to_text(collector.count * collector.spacing + patience),
                    to_text(collector.interval)));
  }
  const double under_way = static_cast<double>(echoes * collector.count) *
                           (seconds(patience) / seconds(collector.interval));
  if (under_way > static_cast<double>(kMostEchoes)) {
    draft.problems.error(
        object.value(),
        fmt::format("collector '{}': {:.0f} echoes would be under way at a time, at most {}; "
                    "expected fewer targets, a smaller count or timeout, or two collectors",
                    collector.name.text(), under_way, kMostEchoes));
  }
}

}  // namespace

void read_probe(Draft& draft, const Value& value) {
  const Object object(draft.problems, value, schema::probe_collector);
  ProbeCollectorConfig collector;
  object.name("name", collector.name);
  object.duration("interval", collector.interval, 100ms, 24h);
  object.integer("count", collector.count, 1, 10'000);
  object.duration("spacing", collector.spacing, kLeastTime, 1h);
  ProbeTarget usual;
  usual.timeout = std::min(usual.timeout, collector.interval / 2);
  object.duration("timeout", usual.timeout, kLeastTime, kMostTimeout);
  object.integer("dscp", usual.dscp, 0, kMostDscp);
  object.choice("family", usual.family, kProbeFamilyNames);
  NameTable names("target", "targets");
  const Value* targets = object.find("targets");
  const auto items = targets == nullptr ? std::span<const Value* const>()
                                        : list_items(draft.problems, *targets, "targets", "maps");
  if (items.size() > kMostTargets) {
    draft.problems.error(*targets,
                         fmt::format("targets: {}, at most {}", items.size(), kMostTargets));
  }
  if (items.empty() && (targets == nullptr || targets->is_list() || targets->is_null())) {
    draft.problems.warning(value, "this collector probes nothing");
  }
  for (const Value* item : items.first(std::min(items.size(), kMostTargets))) {
    ProbeTarget target = usual;
    TargetReader(draft, *item, target).read(names, collector.targets.size());
    collector.targets.push_back(std::move(target));
  }
  fit(draft, object, collector);
  draft.config.collectors.emplace_back(std::move(collector));
}

}  // namespace itnxt
