// A device that answers anything to the requests of profiles. The input is a script: a byte says
// how each request is answered (silence, an error, raw bytes, the reply of a sound agent with some
// bytes changed). The run must end within its budgets, and what comes out must be fit to publish.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <vector>

#include "collectors/snmp/profile/polls.hpp"
#include "daemon/core/text.hpp"
#include "tests/fuzz/agent_script.hpp"

namespace {

using namespace itnxt;
using namespace itnxt::snmp;

// Every type of index, joins, scales, conversions, formats.
Profile make_profile() {
  Profile profile;
  profile.name = "p";
  profile.match = {{}, {1, 3, 6, 1, 9, 1}, {1, 3, 6, 1, 9, 7}};
  ProfileTable scalars;
  scalars.columns = {{"total", {1, 3, 6, 1, 9, 1, 9, 0}, {}, {}},
                     {"big", {1, 3, 6, 1, 9, 1, 8, 0}, {}, {0}}};
  ProfileTable names{"names", {{"i", IndexType::integer}}, {}};
  names.columns = {{"name", {1, 3, 6, 1, 9, 1, 1, 1}, ColumnFormat::hex, {}}};
  ProfileTable values{"values", {{"i", IndexType::integer}, {"a", IndexType::inet_address}}, {}};
  values.columns = {{"value", {1, 3, 6, 1, 9, 1, 2, 1}, {}, {-1}},
                    {"scale", {1, 3, 6, 1, 9, 1, 2, 2}, {}, {}},
                    {"text", {1, 3, 6, 1, 9, 1, 2, 3}, {}, {}}};
  ProfileTable strings{"strings", {{"s", IndexType::string}, {"ip", IndexType::ip_address}}, {}};
  strings.columns = {{"count", {1, 3, 6, 1, 9, 1, 3, 1}, {}, {}}};
  profile.tables = {scalars, names, values, strings};

  ProfileMetric total;
  total.family = {"itnxt_x_total", SeriesType::counter, "X.", {}, {}};
  total.value = ColumnRef{0, 0};
  ProfileMetric value;
  value.family = {"itnxt_x_dbm", SeriesType::gauge, "X.", {"name", "address", "text"}, {}};
  value.table = 2;
  value.value = ColumnRef{2, 0};
  value.scale = value.precision = ColumnRef{2, 1};
  value.times = ColumnRef{2, 1};
  value.factor = 0.001;
  value.convert = Conversion::watts_to_dbm;
  value.labels = {{"name", "", {{ColumnRef{1, 0}, 0}, {std::nullopt, 0}}, {}, " of {a}"},
                  {"address", "", {{std::nullopt, 1}}, {}, ""},
                  {"text", "", {{ColumnRef{2, 2}, 0}}, {{1, "one"}}, ""}};
  ProfileMetric count;
  count.family = {"itnxt_y_info", SeriesType::gauge, "Y.", {"s", "ip"}, {}};
  count.table = 3;
  count.where = {{ColumnRef{3, 0}, {1, 2, 3}}};
  count.labels = {{"s", "", {{std::nullopt, 0}}, {}, ""}, {"ip", "", {{std::nullopt, 1}}, {}, ""}};
  profile.metrics = {total, value, count};
  return profile;
}

itnxt::test::Recording make_device() {
  itnxt::test::Recording made;
  made.add("1.3.6.1.9.1.9.0", "70", "18446744073709551615");
  made.add("1.3.6.1.9.1.8.0", "65", "7");
  for (int i = 1; i <= 5; ++i) {
    const std::string row = '.' + std::to_string(i);
    made.add("1.3.6.1.9.1.1.1" + row, "4x", "c3a4ff0" + std::to_string(i));
    const std::string address = row + ".1.4.192.0.2." + std::to_string(i);
    made.add("1.3.6.1.9.1.2.1" + address, "2", std::to_string(1000 * i - 2000));
    made.add("1.3.6.1.9.1.2.2" + address, "2", std::to_string(5 + i));
    made.add("1.3.6.1.9.1.2.3" + address, "4", "text " + std::to_string(i));
    made.add("1.3.6.1.9.1.3.1.2.97.98.10.0.0." + std::to_string(i), "66", std::to_string(i));
  }
  made.add("1.3.6.1.9.1.2.1.9.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1", "2", "-5");
  made.add("1.3.6.1.9.9.0", "2", "1");
  return made;
}

void check(const std::vector<SeriesSample>& samples) {
  for (const SeriesSample& sample : samples) {
    for (const SeriesFamily& family : sample.families) {
      std::set<std::vector<std::string>> seen;
      for (const SeriesRow& row : family.rows) {
        if (row.labels.size() != family.labels.size() || !seen.insert(row.labels).second) {
          std::abort();
        }
        for (const std::string& label : row.labels) {
          if (label.size() > kMostLabelValue || !is_valid_utf8(label)) std::abort();
        }
        const auto* number = std::get_if<double>(&row.value);
        if (number != nullptr && !std::isfinite(*number)) std::abort();
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Profile> profiles{make_profile()};
  static const itnxt::test::Recording device = make_device();
  fuzz::Script script{data, data + size};
  ProfilePolls polls(profiles, std::chrono::seconds(60));
  Instant now{};
  for (int run = 0; run < 3; ++run) {
    now += std::chrono::hours(1);
    polls.begin({}, {}, 100, now);
    std::size_t requests = 0;
    std::array<std::uint8_t, 1024> buffer;
    while (!polls.done()) {
      // When the script has ended, nothing but silence comes: the run is over soon after.
      if (++requests > size + 64) std::abort();
      const ByteView bytes = encode(polls.request(), Version::v2c, "public", 1, buffer);
      if (bytes.empty()) std::abort();
      const std::vector<std::uint8_t> reply = fuzz::reply_to(bytes, script, device, 1);
      const auto decoded = decode(reply);
      if (const auto* message = std::get_if<Message>(&decoded)) {
        polls.answer(*message, now);
      } else {
        polls.malformed(std::get<Fault>(decoded));
        polls.timed_out();
      }
    }
    check(polls.finish().samples);
  }
  return 0;
}
