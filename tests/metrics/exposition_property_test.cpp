// Any label survives the way through the exposition.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "daemon/core/text.hpp"
#include "tests/metrics/sample_state.hpp"

namespace itnxt {
namespace {

struct Line {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// A parser of its own, by the specification: nothing of the writer is in it.
std::optional<Line> parse(std::string_view text) {
  Line line;
  std::size_t at = text.find_first_of("{ ");
  if (at == std::string_view::npos) return std::nullopt;
  line.name = text.substr(0, at);
  if (text[at] == '{') {
    ++at;
    while (at < text.size() && text[at] != '}') {
      const std::size_t equals = text.find("=\"", at);
      if (equals == std::string_view::npos) return std::nullopt;
      const std::string key(text.substr(at, equals - at));
      std::string value;
      for (at = equals + 2; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] != '\\') {
          value += text[at];
          continue;
        }
        if (++at == text.size()) return std::nullopt;
        if (text[at] != 'n' && text[at] != '\\' && text[at] != '"') return std::nullopt;
        value += text[at] == 'n' ? '\n' : text[at];
      }
      if (at >= text.size() || !line.labels.emplace(key, value).second) return std::nullopt;
      ++at;
      if (at < text.size() && text[at] == ',') ++at;
    }
    ++at;
  }
  if (at >= text.size() || text[at] != ' ') return std::nullopt;
  const std::string_view number = text.substr(at + 1);
  const auto end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, line.value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return line;
}

std::string any_label() {
  return sanitize(
      *rc::gen::oneOf(rc::gen::element<std::string>("\\", "\"", "a\\\"b", "{}", ",", "x=\"y\"",
                                                    "Stra\xdf"
                                                    "e",
                                                    "#"),
                      rc::gen::arbitrary<std::string>()));
}

RC_GTEST_PROP(Exposition, EveryLabelAndValueComesBack, ()) {
  auto snapshot = std::make_shared<Snapshot>();
  std::map<std::pair<std::string, std::string>, std::pair<std::string, std::uint64_t>> expected;
  const auto devices = *rc::gen::inRange(0, 4);
  for (int d = 0; d < devices; ++d) {
    auto device = std::make_shared<DeviceView>();
    device->name = DeviceName(any_label() + std::to_string(d));
    const auto interfaces = *rc::gen::inRange(0, 4);
    for (int i = 0; i < interfaces; ++i) {
      InterfaceView one;
      const std::string name = any_label() + std::to_string(i);
      one.identity = make_identity(device->name, name);
      one.alias = any_label();
      const auto value = *rc::gen::arbitrary<std::uint64_t>();
      one.counters.set(Column::out_octets, {value, CounterWidth::bits64});
      expected[{device->name.text(), name}] = {one.alias, value % (1ULL << 53U)};
      device->interfaces.push_back(one);
    }
    snapshot->devices.push_back(device);
  }
  const std::string text = test::read_all(
      Exposition(snapshot, std::make_shared<Board>(), {any_label(), any_label()}, {},
                 *rc::gen::element(MetricsFormat::text_0_0_4, MetricsFormat::open_metrics_1_0)),
      *rc::gen::element<std::size_t>(13, 100000));
  RC_ASSERT(is_valid_utf8(text));
  std::size_t bytes = 0;
  std::size_t infos = 0;
  std::set<std::string> families;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    RC_ASSERT(end != std::string::npos);
    const std::string_view raw = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (raw.starts_with("# TYPE")) RC_ASSERT(families.insert(std::string(raw)).second);
    if (raw.starts_with('#')) continue;
    const auto line = parse(raw);
    RC_ASSERT(line.has_value());
    if (line->name == "itnxt_interface_transmit_bytes_total") {
      const auto& want = expected.at({line->labels.at("device"), line->labels.at("interface")});
      RC_ASSERT(line->value == static_cast<double>(want.second));
      ++bytes;
    } else if (line->name == "itnxt_interface_info") {
      const auto& want = expected.at({line->labels.at("device"), line->labels.at("interface")});
      RC_ASSERT(line->labels.at("alias") == want.first);
      ++infos;
    }
  }
  RC_ASSERT(bytes == expected.size() && infos == expected.size());
}

}  // namespace
}  // namespace itnxt
