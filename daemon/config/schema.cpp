#include "daemon/config/schema.hpp"

#include <array>

#include "daemon/config/config.hpp"

namespace itnxt::schema {
namespace {

constexpr std::string_view kUniqueName = "a name of its own";

// "a, b or c".
template <const auto& names>
struct Alternatives {
  static constexpr std::size_t kMost = 256;
  std::array<char, kMost> text{};
  std::size_t size = 0;
  constexpr void add(std::string_view piece) {
    for (const char c : piece) text[size++] = c;
  }
  constexpr Alternatives() {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) add(i + 1 == names.size() ? " or " : ", ");
      add(names[i]);
    }
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text.data(), size}; }
};
constexpr Alternatives<kCollectorKindNames> kKindsText;
constexpr Alternatives<kChannelTypeNames> kTypesText;
constexpr Alternatives<kSubjectKindNames> kSubjectsText;
constexpr Alternatives<kSnmpVersionNames> kVersionsText;
constexpr std::string_view kKinds = kKindsText.view();
constexpr std::string_view kTypes = kTypesText.view();
constexpr std::string_view kVersions = kVersionsText.view();

constexpr KeySpec kConfiguration[] = {{"include", {}},     {"node", {}},       {"inventory", {}},
                                      {"credentials", {}}, {"collectors", {}}, {"transport", {}},
                                      {"aggregator", {}},  {"rules", {}},      {"crisis", {}},
                                      {"notify", {}}};
constexpr KeySpec kInventory[] = {{"sites", {}}, {"devices", {}}, {"links", {}}, {"prefixes", {}}};
constexpr KeySpec kPrefix[] = {{"site", "a name of inventory.sites"}, {"cidr", "ADDRESS/LENGTH"}};
constexpr KeySpec kSite[] = {{"name", kUniqueName}, {"kind", {}},     {"district", {}},
                             {"department", {}},    {"latitude", {}}, {"longitude", {}},
                             {"weight", {}},        {"anchor", {}}};
constexpr KeySpec kDevice[] = {
    {"name", kUniqueName}, {"site", {}}, {"address", {}}, {"credentials", {}}, {"node", {}}};
constexpr KeySpec kLink[] = {{"name", kUniqueName},
                             {"a", "{device: NAME, interface: NAME}"},
                             {"b", {}},
                             {"capacity", {}},
                             {"class", {}}};
constexpr KeySpec kLinkEnd[] = {{"device", "a name of inventory.devices"},
                                {"interface", "the ifName, else ifDescr, else ifAlias"}};
constexpr std::string_view kReference = "{file: PATH}, {env: NAME} or {credential: NAME}";
constexpr KeySpec kCommunityCredentials[] = {
    {"version", kVersions},
    {"community", kReference},
    {"insecure_ok", "the reason why a version without encryption is acceptable here"}};
constexpr KeySpec kUserCredentials[] = {{"version", kVersions}, {"user", "the name of a USM user"},
                                        {"auth", {}},           {"auth_password", {}},
                                        {"priv", {}},           {"priv_password", {}},
                                        {"context", {}}};
constexpr KeySpec kSecret[] = {{"file", {}}, {"env", {}}, {"credential", {}}};
constexpr KeySpec kSnmpCollector[] = {{"kind", kKinds}, {"name", kUniqueName}, {"interval", {}},
                                      {"timeout", {}},  {"retries", {}},       {"devices", {}},
                                      {"profiles", {}}};
constexpr KeySpec kPcapCollector[] = {
    {"kind", kKinds},   {"name", kUniqueName},  {"interval", {}},        {"interface", {}},
    {"file", {}},       {"link", {}},           {"filter", {}},          {"snaplen", {}},
    {"buffer", {}},     {"local_prefixes", {}}, {"storm_threshold", {}}, {"flows", {}},
    {"site_pairs", {}}, {"talkers", {}},        {"floods", {}}};
constexpr KeySpec kTalkers[] = {
    {"top", {}}, {"ipv4", {}}, {"ipv6", {}}, {"addresses", {}}, {"rotate", {}}};
constexpr KeySpec kFloods[] = {{"syn", {}},  {"syn_ratio", {}},  {"udp", {}},     {"udp_ratio", {}},
                               {"icmp", {}}, {"icmp_ratio", {}}, {"seconds", {}}, {"within", {}}};
constexpr KeySpec kProbeCollector[] = {{"kind", kKinds}, {"name", kUniqueName}, {"interval", {}},
                                       {"count", {}},    {"spacing", {}},       {"timeout", {}},
                                       {"dscp", {}},     {"family", {}},        {"targets", {}}};
constexpr KeySpec kProbeTarget[] = {
    {"name", kUniqueName}, {"site", {}},   {"type", {}},    {"address", {}},
    {"url", {}},           {"expect", {}}, {"ca", {}},      {"query", {}},
    {"query_type", {}},    {"family", {}}, {"timeout", {}}, {"dscp", {}}};
constexpr KeySpec kHostCollector[] = {
    {"kind", kKinds}, {"name", kUniqueName}, {"interval", {}}, {"device", {}}};
constexpr KeySpec kTrapCollector[] = {
    {"kind", kKinds}, {"name", kUniqueName}, {"interval", {}}, {"listen", {}}, {"storm_limit", {}}};
constexpr KeySpec kDeviceSelector[] = {{"site", "a name of inventory.sites, or a list of them"}};
constexpr KeySpec kTransport[] = {{"aggregators", {}}, {"spool", {}}, {"curve", {}}};
constexpr KeySpec kTransportCurve[] = {
    {"secret_key", kReference},
    {"aggregator_keys", "a map of endpoints and the public keys of the aggregators there"}};
constexpr KeySpec kSpool[] = {
    {"directory", {}}, {"max_size", {}}, {"max_age", {}}, {"backlog_rate", {}}};
constexpr KeySpec kAggregator[] = {{"listen", {}},  {"curve", {}},  {"http", {}},
                                   {"publish", {}}, {"state", {}},  {"stale_after", {}},
                                   {"limits", {}},  {"expose", {}}, {"remote_write", {}}};
constexpr KeySpec kAggregatorCurve[] = {{"secret_key", kReference},
                                        {"nodes", "a map of nodes and their public keys"}};
constexpr KeySpec kExpose[] = {{"series", {}}};
constexpr KeySpec kRemoteWrite[] = {{"url", "an http:// or https:// URL"},
                                    {"name", {}},
                                    {"external_labels", {}},
                                    {"headers", {}},
                                    {"bearer_token", {}},
                                    {"basic_auth", {}},
                                    {"queue", {}}};
constexpr KeySpec kBasicAuth[] = {{"user", "the name of a user"}, {"password", kReference}};
constexpr KeySpec kQueue[] = {{"max_size", {}}, {"shards", {}}, {"batch", {}}};
constexpr KeySpec kHttp[] = {{"listen", {}}, {"external_url", {}}};
constexpr KeySpec kLimits[] = {{"series", {}}, {"series_per_node", {}}, {"bytes_per_node", {}}};
constexpr KeySpec kRule[] = {
    {"alert", kUniqueName},
    {"on", kSubjectsText.view()},
    {"when", "{metric: NAME, above: NUMBER} or {metric: NAME, below: NUMBER}"},
    {"for", {}},
    {"severity", {}},
    {"where", {}},
    {"runbook_url", {}}};
constexpr KeySpec kWhen[] = {{"metric", "what to compare"},
                             {"below", {}},
                             {"above", {}},
                             {"clear_above", {}},
                             {"clear_below", {}}};
constexpr KeySpec kCrisis[] = {
    {"declare", "isolated_weight_share, min_sites or both"}, {"recover_after", {}}, {"hold", {}}};
constexpr KeySpec kDeclare[] = {{"isolated_weight_share", {}}, {"min_sites", {}}, {"within", {}}};
constexpr KeySpec kNotify[] = {{"channels", {}}, {"routes", {}}};
constexpr KeySpec kAlertmanagerChannel[] = {{"type", kTypes},
                                            {"urls", "a list of http:// or https:// URLs"}};
constexpr KeySpec kWebhookChannel[] = {
    {"type", kTypes}, {"url", "an http:// or https:// URL"}, {"secret", {}}};
constexpr KeySpec kRoute[] = {{"match", {}}, {"channels", "a list of names of notify.channels"}};

}  // namespace

const ObjectSpec configuration{"configuration", "the configuration", kConfiguration};
const ObjectSpec inventory{"inventory", "inventory", kInventory};
const ObjectSpec site{"site", "a site", kSite};
const ObjectSpec device{"device", "a device", kDevice};
const ObjectSpec link{"link", "a link", kLink};
const ObjectSpec prefix{"prefix", "a prefix", kPrefix};
const ObjectSpec link_end{"link_end", "the end of a link", kLinkEnd};
const ObjectSpec community_credentials{"community_credentials", "a set of credentials",
                                       kCommunityCredentials};
const ObjectSpec user_credentials{"user_credentials", "a set of credentials", kUserCredentials};
const ObjectSpec secret{"secret", "a secret", kSecret};
const ObjectSpec snmp_collector{"snmp_collector", "an snmp collector", kSnmpCollector};
const ObjectSpec pcap_collector{"pcap_collector", "a pcap collector", kPcapCollector};
const ObjectSpec talkers{"talkers", "talkers", kTalkers};
const ObjectSpec floods{"floods", "floods", kFloods};
const ObjectSpec probe_collector{"probe_collector", "a probe collector", kProbeCollector};
const ObjectSpec probe_target{"probe_target", "a target", kProbeTarget};
const ObjectSpec host_collector{"host_collector", "a host collector", kHostCollector};
const ObjectSpec trap_collector{"trap_collector", "a trap collector", kTrapCollector};
const ObjectSpec device_selector{"device_selector", "devices", kDeviceSelector};
const ObjectSpec transport{"transport", "transport", kTransport};
const ObjectSpec transport_curve{"transport_curve", "transport.curve", kTransportCurve};
const ObjectSpec aggregator_curve{"aggregator_curve", "aggregator.curve", kAggregatorCurve};
const ObjectSpec spool{"spool", "spool", kSpool};
const ObjectSpec aggregator{"aggregator", "aggregator", kAggregator};
const ObjectSpec http{"http", "http", kHttp};
const ObjectSpec limits{"limits", "limits", kLimits};
const ObjectSpec expose{"expose", "expose", kExpose};
const ObjectSpec remote_write{"remote_write", "a target of remote_write", kRemoteWrite};
const ObjectSpec basic_auth{"basic_auth", "basic_auth", kBasicAuth};
const ObjectSpec queue{"queue", "queue", kQueue};
const ObjectSpec rule{"rule", "a rule", kRule};
const ObjectSpec when{"when", "when", kWhen};
const ObjectSpec crisis{"crisis", "crisis", kCrisis};
const ObjectSpec declare{"declare", "declare", kDeclare};
const ObjectSpec notify{"notify", "notify", kNotify};
const ObjectSpec alertmanager_channel{"alertmanager_channel", "an alertmanager channel",
                                      kAlertmanagerChannel};
const ObjectSpec webhook_channel{"webhook_channel", "a webhook channel", kWebhookChannel};
const ObjectSpec route{"route", "a route", kRoute};

std::span<const ObjectSpec* const> objects() {
  static constexpr std::array kObjects = {&configuration,
                                          &inventory,
                                          &site,
                                          &device,
                                          &link,
                                          &link_end,
                                          &prefix,
                                          &community_credentials,
                                          &user_credentials,
                                          &secret,
                                          &snmp_collector,
                                          &pcap_collector,
                                          &talkers,
                                          &floods,
                                          &probe_collector,
                                          &probe_target,
                                          &host_collector,
                                          &trap_collector,
                                          &device_selector,
                                          &transport,
                                          &transport_curve,
                                          &spool,
                                          &aggregator,
                                          &aggregator_curve,
                                          &http,
                                          &limits,
                                          &expose,
                                          &remote_write,
                                          &basic_auth,
                                          &queue,
                                          &rule,
                                          &when,
                                          &crisis,
                                          &declare,
                                          &notify,
                                          &alertmanager_channel,
                                          &webhook_channel,
                                          &route};
  return kObjects;
}

}  // namespace itnxt::schema
