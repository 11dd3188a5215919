// SNMP tables beyond the interfaces, as data: what is asked of a device and what metrics are made
// of it. Read from config/snmp/*.yaml by load_profiles.hpp; the format and its keys are explained
// in config/snmp/README.md. All references are resolved to indices and hold.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/series.hpp"
#include "daemon/core/time.hpp"

namespace itnxt {

using OidArcs = std::vector<std::uint32_t>;
inline constexpr std::size_t kMostOidArcs = 32;  // of a column with its index

// How a part of a row's index is laid out in its OID (RFC 2578 §7.7, RFC 4001 §4.1).
enum class IndexType : std::uint8_t {
  integer,       // one arc
  ip_address,    // four arcs
  inet_address,  // type, length and bytes of an InetAddress
  string,        // length and bytes
};
inline constexpr std::array<std::string_view, 4> kIndexTypeNames = {"integer", "ip_address",
                                                                    "inet_address", "string"};
struct ProfileIndex {
  std::string name;
  IndexType type = IndexType::integer;
  bool operator==(const ProfileIndex&) const = default;
};

// How octets become a label: text as it is, or, where they are no plain ASCII, "00:1b:…".
enum class ColumnFormat : std::uint8_t { text, hex };
inline constexpr std::array<std::string_view, 2> kColumnFormatNames = {"text", "hex"};

struct ProfileColumn {
  std::string name;
  OidArcs oid;  // a scalar's ends with its 0
  ColumnFormat format = ColumnFormat::text;
  std::vector<std::int64_t> drop;  // values that mean "there is none"
  bool operator==(const ProfileColumn&) const = default;
};

// Without index: the profile's scalars, one row.
struct ProfileTable {
  std::string name;
  std::vector<ProfileIndex> index;
  std::vector<ProfileColumn> columns;
  bool operator==(const ProfileTable&) const = default;
};

// A column of the metric's own table, or of one whose index is made of parts of the same names.
struct ColumnRef {
  std::size_t table = 0;
  std::size_t column = 0;
  bool operator==(const ColumnRef&) const = default;
};

struct ProfileLabel {
  // Where its value is taken from: a column, or a part of the row's index.
  struct Source {
    std::optional<ColumnRef> column;
    std::size_t index = 0;  // when it is no column
    bool operator==(const Source&) const = default;
  };
  std::string name;
  std::string text;                            // a constant; then there is no source
  std::vector<Source> from;                    // the first that is not empty
  std::map<std::int64_t, std::string> values;  // names of numbers
  std::string suffix;                          // {part} of the index stands for its value
  bool operator==(const ProfileLabel&) const = default;
};

enum class Conversion : std::uint8_t { none, watts_to_dbm };
inline constexpr std::array<std::string_view, 2> kConversionNames = {"none", "watts_to_dbm"};

struct ProfileMetric {
  struct Condition {
    ColumnRef column;
    std::vector<std::int64_t> any_of;
    bool operator==(const Condition&) const = default;
  };
  SeriesFamily family;  // without rows
  std::size_t table = 0;
  std::optional<ColumnRef> value;  // absent: 1
  std::vector<Condition> where;    // all of them
  std::map<std::int64_t, double> map;
  std::optional<double> otherwise;  // of a number that `map` has not; absent: no row
  double factor = 1;
  std::optional<ColumnRef> times;      // a column to multiply by
  std::optional<ColumnRef> scale;      // an EntitySensorDataScale (RFC 3433 §2): 9 is 10^0
  std::optional<ColumnRef> precision;  // decimal places
  Conversion convert = Conversion::none;
  std::vector<ProfileLabel> labels;
  bool operator==(const ProfileMetric&) const = default;
};

struct ProfileMatch {
  std::vector<OidArcs> sys_object_id;  // one of these begins the device's; empty: any
  OidArcs present;                     // the device has something below; empty: not asked
  OidArcs absent;                      // the device has nothing below; empty: not asked
  bool operator==(const ProfileMatch&) const = default;
};

struct Profile {
  std::string name;
  Duration interval{};  // zero: the collector's; never more often than that
  ProfileMatch match;
  std::vector<ProfileTable> tables;
  std::vector<ProfileMetric> metrics;  // those of one family have equal heads
  bool operator==(const Profile&) const = default;
};

}  // namespace itnxt
