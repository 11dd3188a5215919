// The whole configuration as values, with the defaults that config/itnxt.yaml shows (a test
// compares). Names already resolved: a link's devices exist, a collector has its targets. Immutable
// once loaded; a reload makes a new one. CONTRACT: what each key means stands in config/itnxt.yaml.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config/profile.hpp"
#include "daemon/core/ids.hpp"
#include "daemon/core/subject.hpp"
#include "daemon/core/time.hpp"
#include "daemon/core/units.hpp"

namespace itnxt {

// A secret and where it comes from. Nothing prints the value: no operator<<, no conversion.
class Secret {
 public:
  enum class Source : std::uint8_t { none, file, env, credential };
  Secret() = default;
  Secret(Source source, std::string where) : source_(source), where_(std::move(where)) {}
  [[nodiscard]] Source source() const { return source_; }
  [[nodiscard]] const std::string& where() const { return where_; }  // path or name, safe to print
  [[nodiscard]] const std::string& reveal() const { return value_; }
  void set(std::string value) { value_ = std::move(value); }
  bool operator==(const Secret&) const = default;

 private:
  Source source_ = Source::none;
  std::string where_;
  std::string value_;  // read by load_config() (load.hpp)
};

enum class SiteKind : std::uint8_t {
  datacenter,
  pop,
  ministry,
  authority,
  police,
  municipality,
  school,
  other
};
inline constexpr std::array<std::string_view, 8> kSiteKindNames = {
    "datacenter", "pop", "ministry", "authority", "police", "municipality", "school", "other"};

struct Site {
  SiteName name;
  SiteKind kind = SiteKind::other;
  std::string district;
  std::string department;
  std::optional<double> latitude;  // both or none
  std::optional<double> longitude;
  double weight = 1;
  bool anchor = false;
  bool operator==(const Site&) const = default;
};

enum class SnmpVersion : std::uint8_t { v1, v2c, v3 };
inline constexpr std::array<std::string_view, 3> kSnmpVersionNames = {"1", "2c", "3"};

// RFC 3414 §6, §7, RFC 7860.
enum class SnmpAuth : std::uint8_t { none, md5, sha1, sha224, sha256, sha384, sha512 };
inline constexpr std::array<std::string_view, 7> kSnmpAuthNames = {
    "none", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"};

// RFC 3414 §8, RFC 3826; AES-192 and AES-256 by draft-blumenthal-aes-usm-04 or, with a c ("Cisco"),
// by draft-reeder-snmpv3-usm-3desede-00.
enum class SnmpPriv : std::uint8_t { none, des, aes128, aes192, aes256, aes192c, aes256c };
inline constexpr std::array<std::string_view, 7> kSnmpPrivNames = {
    "none", "des", "aes128", "aes192", "aes256", "aes192c", "aes256c"};

struct Credentials {
  SnmpVersion version = SnmpVersion::v2c;
  // 1 and 2c.
  Secret community;
  std::string insecure_ok;  // why a version without encryption is acceptable here; required
  // 3, by USM (RFC 3414). A pass phrase has at least eight characters; none where no algorithm is.
  std::string user;
  SnmpAuth auth = SnmpAuth::none;
  Secret auth_password;
  SnmpPriv priv = SnmpPriv::none;  // not without auth
  Secret priv_password;
  std::string context;  // contextName (RFC 3411 §3.3.1)
  bool operator==(const Credentials&) const = default;
};

struct Device {
  DeviceName name;
  SiteName site;     // may be empty
  std::string host;  // IPv4, IPv6 without brackets, or a DNS name; empty: nobody polls it
  std::uint16_t port = 161;
  std::string credentials;  // key of Config::credentials
  NodeName node{};          // whose collectors alone may tell of it; empty: whose is followed
  bool operator==(const Device&) const = default;
};

struct LinkEnd {
  DeviceName device;
  std::string interface;  // ifName, else ifDescr, else ifAlias
  bool operator==(const LinkEnd&) const = default;
};

enum class LinkClass : std::uint8_t { backbone, access };
inline constexpr std::array<std::string_view, 2> kLinkClassNames = {"backbone", "access"};

struct Link {
  LinkName name;
  LinkEnd a;
  std::optional<LinkEnd> b;                  // absent: the far end is not ours
  std::optional<BytesPerSecond> capacity;    // absent: the lower ifHighSpeed of the ends
  LinkClass link_class = LinkClass::access;  // key `class`
  bool operator==(const Link&) const = default;
};

// A network. IPv4 stands as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), its /24 as 120.
struct Cidr {
  std::array<std::uint8_t, 16> address{};  // bits behind the length are zero
  unsigned length = 0;                     // 0 … 128
  bool operator==(const Cidr&) const = default;
};

// Addresses that belong to a site: the longest prefix holds.
struct SitePrefixConfig {
  SiteName site;
  Cidr cidr;
  bool operator==(const SitePrefixConfig&) const = default;
};

struct Inventory {
  std::vector<Site> sites;
  std::vector<Device> devices;
  std::vector<Link> links;
  std::vector<SitePrefixConfig> prefixes;
  bool operator==(const Inventory&) const = default;
};

struct SnmpTarget {
  Device device;
  Credentials credentials;
  bool operator==(const SnmpTarget&) const = default;
};

struct SnmpCollectorConfig {
  CollectorName name;
  Duration interval = 60s;
  Duration timeout = 2s;            // of one request
  std::uint32_t retries = 2;        // of one request, after its first try
  std::vector<Profile> profiles;    // key `profiles`: those of a directory
  std::vector<SnmpTarget> targets;  // from `devices: all | [names] | {site: …}`
  bool operator==(const SnmpCollectorConfig&) const = default;
};

enum class TalkerAddresses : std::uint8_t { pseudonym, plain };
inline constexpr std::array<std::string_view, 2> kTalkerAddressesNames = {"pseudonym", "plain"};

// Who is named as talking most, and how.
struct TalkersConfig {
  std::uint32_t top = 20;   // networks and flows; 0: nobody is named
  std::uint32_t ipv4 = 24;  // length of a network's prefix
  std::uint32_t ipv6 = 48;
  TalkerAddresses addresses = TalkerAddresses::pseudonym;
  Duration rotate = 24h;  // how long an address keeps its pseudonym
  bool operator==(const TalkersConfig&) const = default;
};

// What is no longer usual towards one network of `talkers`: a second with more than this, …
struct FloodsConfig {
  double syn = 1000;                            // connections asked for; 0: not looked for
  double syn_ratio = 3;                         // … and so many times those completed
  BytesPerSecond udp = bits_per_second(100e6);  // from ports that amplify; 0: not looked for
  double udp_ratio = 10;                        // … and so many times what was asked of them
  double icmp = 5000;                           // packets; 0: not looked for
  double icmp_ratio = 3;                        // … and so many times its own echo requests
  std::uint32_t seconds = 5;                    // a flood: so many of them …
  std::uint32_t within = 10;                    // … in so many seconds
  bool operator==(const FloodsConfig&) const = default;
};

struct PcapCollectorConfig {
  CollectorName name;
  Duration interval = 10s;
  std::string interface;  // exactly one of interface, file
  std::string file;
  LinkName link;       // may be empty
  std::string filter;  // BPF; empty: everything
  std::uint32_t snaplen = 128;
  Bytes buffer{32U << 20U};              // key `buffer`: the kernel's ring
  std::vector<Cidr> local_prefixes;      // on our side, for the direction; at most 64
  std::uint64_t storm_threshold = 5000;  // broadcasts or multicasts a second; 0: none is a storm
  std::uint32_t flows = 131'072;         // that are followed at a time, 128 bytes each
  std::uint32_t site_pairs = 64;  // that TCP's health is told of; the others are told together
  TalkersConfig talkers;
  FloodsConfig floods;
  std::vector<SitePrefixConfig> prefixes;  // the inventory's
  bool operator==(const PcapCollectorConfig&) const = default;
};

enum class ProbeType : std::uint8_t { icmp, tcp, http, dns };
inline constexpr std::array<std::string_view, 4> kProbeTypeNames = {"icmp", "tcp", "http", "dns"};
enum class ProbeFamily : std::uint8_t { any, ipv4, ipv6 };
inline constexpr std::array<std::string_view, 3> kProbeFamilyNames = {"any", "ipv4", "ipv6"};
// RFC 1035 §3.2.2, RFC 3596, RFC 2782; their numbers stand in collectors/probe/dns.cpp.
enum class DnsType : std::uint8_t { a, aaaa, cname, mx, ns, ptr, soa, srv, txt };
inline constexpr std::array<std::string_view, 9> kDnsTypeNames = {
    "A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"};

struct ProbeTarget {
  TargetName name;
  SiteName site;  // may be empty
  ProbeType type = ProbeType::icmp;
  std::string host;        // IPv4, IPv6 without brackets, or a DNS name
  std::uint16_t port = 0;  // not of icmp
  ProbeFamily family = ProbeFamily::any;
  Duration timeout = 1s;  // of one probe
  std::uint8_t dscp = 0;  // RFC 2474
  // http
  std::string url;
  std::vector<std::uint16_t> expect;  // statuses; none: 200 to 399
  std::string ca;                     // a file of certificates; empty: the system's
  // dns
  std::string query;
  DnsType query_type = DnsType::a;
  bool operator==(const ProbeTarget&) const = default;
};

// Trains of `count` probes, `spacing` apart, one to each target each interval.
struct ProbeCollectorConfig {
  CollectorName name;
  Duration interval = 10s;
  std::uint32_t count = 10;
  Duration spacing = 100ms;  // key `spacing`; less where that does not fit into the interval
  std::vector<ProbeTarget> targets;
  bool operator==(const ProbeCollectorConfig&) const = default;
};

struct HostCollectorConfig {
  CollectorName name;
  Duration interval = 10s;
  DeviceName device;  // what this node is called in the inventory; default: the node's name
  bool operator==(const HostCollectorConfig&) const = default;
};

// SNMP notifications, of the inventory's devices.
struct TrapCollectorConfig {
  CollectorName name;
  Duration interval = 10s;  // of its figures
  std::string host = "::";  // key `listen: udp:ADDRESS:PORT`; [::]: both families
  std::uint16_t port = 162;
  std::uint32_t storm_limit = 10;   // events a second of one sender
  std::vector<SnmpTarget> targets;  // every device that has credentials
  bool operator==(const TrapCollectorConfig&) const = default;
};

using CollectorConfig = std::variant<SnmpCollectorConfig, PcapCollectorConfig, ProbeCollectorConfig,
                                     HostCollectorConfig, TrapCollectorConfig>;
inline constexpr std::array<std::string_view, std::variant_size_v<CollectorConfig>>
    kCollectorKindNames = {"snmp", "pcap", "probe", "host",
                           "trap"};  // key `kind`, in the order of the alternatives
inline const CollectorName& name_of(const CollectorConfig& c) {
  return std::visit([](const auto& x) -> const CollectorName& { return x.name; }, c);
}
inline Duration interval_of(const CollectorConfig& c) {
  return std::visit([](const auto& x) { return x.interval; }, c);
}

// What a collector keeps in `directory` while an aggregator does not answer.
struct SpoolConfig {
  std::string directory = "/var/lib/itnxt/spool";
  Bytes max_size{1ULL << 30U};  // of the undelivered batches of a process
  Duration max_age = 72h;
  BytesPerSecond backlog_rate = bits_per_second(32e6);  // to each aggregator that comes back
  bool operator==(const SpoolConfig&) const = default;
};

// CURVE (RFC 26 of ZeroMQ). Keys are 40 characters of Z85 (RFC 32), public ones unless they are a
// Secret.
struct CurveClientConfig {
  Secret secret_key;
  std::map<std::string, std::string> aggregator_keys;  // endpoint → the aggregator's key
  bool operator==(const CurveClientConfig&) const = default;
};
struct CurveServerConfig {
  Secret secret_key;
  std::map<std::string, NodeName> nodes;  // who may come: key → the node it speaks for
  bool operator==(const CurveServerConfig&) const = default;
};

struct TransportConfig {
  std::vector<std::string> aggregators;  // ZeroMQ endpoints, beside `run`'s own
  SpoolConfig spool;
  std::optional<CurveClientConfig> curve;  // has a key for each tcp endpoint of another host
  bool operator==(const TransportConfig&) const = default;
};

struct HttpConfig {
  std::string host = "127.0.0.1";  // key `listen: HOST:PORT`
  std::uint16_t port = 9690;
  std::string external_url;  // where people reach it, without '/' at its end; empty: made by App
  bool operator==(const HttpConfig&) const = default;
};

struct Limits {
  std::uint64_t series = 2'000'000;
  std::uint64_t series_per_node = 500'000;
  Bytes bytes_per_node{64U << 20U};  // a second on average, of messages
  bool operator==(const Limits&) const = default;
};

struct ExposeConfig {
  bool series = true;  // whether /metrics carries the bulk: interfaces, devices, links, Series
  bool operator==(const ExposeConfig&) const = default;
};

// What waits for a target, in memory.
struct RemoteWriteQueue {
  Bytes max_size{64U << 20U};
  std::uint32_t shards = 2;    // requests at a time
  std::uint32_t batch = 5000;  // samples of a request
  bool operator==(const RemoteWriteQueue&) const = default;
};

// A store that takes Prometheus remote write.
struct RemoteWriteConfig {
  std::string url;
  std::string name;  // in logs and metrics, safe to print; default: HOST:PORT/PATH of url
  std::map<std::string, std::string> external_labels;
  std::map<std::string, std::string> headers;
  Secret bearer_token;  // at most one of this …
  std::string user;     // … and key `basic_auth`
  Secret password;
  RemoteWriteQueue queue;
  bool operator==(const RemoteWriteConfig&) const = default;
};

struct AggregatorConfig {
  std::string listen;  // ZeroMQ endpoint; empty: only collectors of the same `run`
  std::optional<CurveServerConfig> curve;  // there where listen or publish is open to other hosts
  std::string publish;                     // ZeroMQ endpoint of the live stream; empty: none
  HttpConfig http;
  std::string state = "/var/lib/itnxt/aggregator";
  std::uint32_t stale_after = 3;  // missed intervals until a series goes
  Limits limits;
  ExposeConfig expose;
  std::vector<RemoteWriteConfig> remote_write;  // every one gets everything
  bool operator==(const AggregatorConfig&) const = default;
};

enum class AlertSeverity : std::uint8_t { info, warning, critical };
inline constexpr std::array<std::string_view, 3> kAlertSeverityNames = {"info", "warning",
                                                                        "critical"};
constexpr std::string_view name(AlertSeverity s) {
  return kAlertSeverityNames[static_cast<std::size_t>(s)];
}

struct Rule {
  std::string alert;  // unique; becomes `alertname`
  SubjectKind on = SubjectKind::link;
  SubjectMetric metric = SubjectMetric::up;
  std::optional<double> below, above;  // exactly one
  std::optional<double> clear_above,
      clear_below;  // defaults to the threshold; clear_above goes with below
  Duration hold{};  // key `for`
  AlertSeverity severity = AlertSeverity::warning;
  std::map<std::string, std::string> where;  // attribute (core/subject.hpp) → exact value
  std::string runbook_url;
  bool operator==(const Rule&) const = default;
};

// Declared when, within `within`, sites of at least this share of all weight OR at least this many
// sites became isolated (alert/crisis.hpp). A condition that is not given does not count.
struct CrisisConfig {
  std::optional<double> isolated_weight_share;
  std::optional<std::uint32_t> min_sites;
  Duration within = 5min;
  Duration recover_after = 10min;
  Duration hold = 800ms;  // so long a page of an isolated site waits for a crisis to fold it
  bool operator==(const CrisisConfig&) const = default;
};

struct AlertmanagerChannel {
  std::vector<std::string> urls;  // every one gets everything, by a queue of its own
  bool operator==(const AlertmanagerChannel&) const = default;
};
struct WebhookChannel {
  std::string url;
  Secret secret;  // HMAC-SHA256 key of X-Itnxt-Signature; none: no signature
  bool operator==(const WebhookChannel&) const = default;
};
using ChannelKind = std::variant<AlertmanagerChannel, WebhookChannel>;
inline constexpr std::array<std::string_view, std::variant_size_v<ChannelKind>> kChannelTypeNames =
    {"alertmanager", "webhook"};  // key `type`, in the order of the alternatives
struct Channel {
  ChannelName name;
  ChannelKind kind;
  bool operator==(const Channel&) const = default;
};

struct Route {
  std::map<std::string, std::string> match;  // label → exact value; empty takes everything
  std::vector<ChannelName> channels;
  bool operator==(const Route&) const = default;
};

struct NotifyConfig {
  std::vector<Channel> channels;
  std::vector<Route> routes;  // every route that matches sends
  bool operator==(const NotifyConfig&) const = default;
};

struct Config {
  NodeName node;  // default: the host's name
  Inventory inventory;
  std::map<std::string, Credentials> credentials;
  std::vector<CollectorConfig> collectors;
  TransportConfig transport;
  AggregatorConfig aggregator;
  std::vector<Rule> rules;
  std::optional<CrisisConfig> crisis;
  NotifyConfig notify;
  bool operator==(const Config&) const = default;
};

}  // namespace itnxt
