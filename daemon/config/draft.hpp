// A configuration while it is being read: internal to this folder.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/config/files.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/name_table.hpp"
#include "daemon/config/problems.hpp"
#include "daemon/config/reader.hpp"

namespace itnxt {

struct Draft {
  Draft(Problems& p, Files& f, std::filesystem::path folder, Purpose why, const Checks& c)
      : problems(p), files(f), directory(std::move(folder)), purpose(why), checks(c) {}

  Problems& problems;
  Files& files;
  std::filesystem::path directory;  // of the main file
  Purpose purpose;
  const Checks& checks;
  Config config;

  NameTable sites{"site", "inventory.sites"};
  NameTable devices{"device", "inventory.devices"};
  NameTable links{"link", "inventory.links"};
  NameTable credentials{"set of credentials", "credentials"};
  NameTable collectors{"collector", "collectors"};
  NameTable alerts{"alert", "rules"};
  NameTable channels{"channel", "notify.channels"};

  // What a later step needs besides the values.
  struct DeviceNote {
    const Value* at;
    bool usable;                                          // its credentials exist
    std::optional<std::size_t> polled_by = std::nullopt;  // index in config.collectors
    bool own = false;  // a host collector tells of it: not among `all` nor a site's
  };
  std::vector<DeviceNote> device_notes;  // beside inventory.devices
  struct CredentialsNote {
    std::string name;
    const Value* key;
    struct SecretAt {
      const Value* value;
      Secret Credentials::*secret;
    };
    std::vector<SecretAt> secrets;  // references that could be read
    bool used_by_device = false;
    bool used_by_collector = false;
  };
  std::vector<CredentialsNote> credentials_notes;
  struct Polls {
    std::size_t collector;  // index in config.collectors
    std::vector<std::size_t> devices;
  };
  std::map<std::string, std::vector<Profile>> profiles;  // by directory, each read once
  std::vector<Polls> polls;  // turned into targets when the secrets are read
};

// One function a section, in the order in which they are called; each takes what the file gives.
void read_inventory(Draft& draft, const Value& inventory);
void read_credentials(Draft& draft, const Value& credentials);
void check_devices(Draft& draft);       // their credentials
void check_device_nodes(Draft& draft);  // behind aggregator
void read_collectors(Draft& draft, const Value& collectors);
void read_pcap(Draft& draft, const Value& value);   // a collector of that kind
void read_probe(Draft& draft, const Value& value);  // a collector of that kind
void resolve_credentials(Draft& draft);             // reads their secrets
void make_targets(Draft& draft);  // of the collectors, with the credentials as resolved
void read_transport(Draft& draft, const Value& transport);
void read_aggregator(Draft& draft, const Value& aggregator);
// load_curve.cpp. What is not there is not set; keys of endpoints that are no aggregators, and
// aggregators of other hosts without a key, are reported.
struct EndpointNote {
  const Value* at;
  std::string endpoint;
  bool elsewhere;  // tcp that leaves this host
};
void read_transport_curve(Draft& draft, const Value* curve,
                          const std::vector<EndpointNote>& aggregators);
void read_aggregator_curve(Draft& draft, const Value& curve);
void read_remote_write(Draft& draft, const Value& remote_write);  // a part of the aggregator's
void read_rules(Draft& draft, const Value& rules);
void read_crisis(Draft& draft, const Value& crisis);
void read_notify(Draft& draft, const Value& notify);

// load_collectors.cpp: takes devices for the collector that is being read; reports those that
// another one has.
void claim_devices(Draft& draft, const Value& at, const CollectorName& collector,
                   const std::vector<std::size_t>& devices);
// load_host.cpp: notes the device that a host collector tells of, if `collector` is one; its
// reader.
void note_own_device(Draft& draft, const Value& collector);
void read_host(Draft& draft, const Value& value);
void read_trap(Draft& draft, const Value& value);  // load_trap.cpp

// secrets.cpp: the reference, and then what it refers to.
bool read_secret_reference(Problems& problems, const Value& value, std::string_view what,
                           Secret& secret);
void resolve_secret(Draft& draft, const Value& at, Secret& secret);
// The same for the secret key of CURVE, which nobody but its owner is to read.
void resolve_secret_key(Draft& draft, const Value& at, Secret& secret);

// Which of `names` the key that tells the kind of a map says; reports none and others. `what`: "a
// channel".
std::optional<std::size_t> read_kind(const Draft& draft, const Value& map, std::string_view what,
                                     const KeySpec& key, std::span<const std::string_view> names);

// The value of `key` in a map that is not held against a table yet; null when there is none.
const Value* peek(const Value& map, std::string_view key);

}  // namespace itnxt
