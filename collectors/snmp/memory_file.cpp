#include "collectors/snmp/memory_file.hpp"

#include <charconv>
#include <limits>
#include <optional>

#include "daemon/core/hash.hpp"

namespace itnxt::snmp {
namespace {

constexpr std::string_view kMagic = "itnxt snmp memory 1 ";
constexpr std::size_t kMostName = 1024;
constexpr std::uint32_t kMostPolls = 1000;  // of any of the two counts of polls

template <class Number>
void append(std::string& text, Number number, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, base).ptr;
  text.append(digits, end);
}

// The next word of a line; empty at its end.
std::string_view word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view found = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return found;
}

template <class Number>
bool read(std::string_view text, Number& number, std::uint64_t most, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return false;
  number = static_cast<Number>(value);
  return true;
}

std::optional<usm::EngineId> read_engine(std::string_view text) {
  if (text == "-") return usm::EngineId();
  std::array<std::uint8_t, usm::EngineId::kMost> bytes{};
  const std::size_t size = text.size() / 2;
  if (text.size() % 2 != 0 || !usm::EngineId::fits(size)) return std::nullopt;
  for (std::size_t i = 0; i < size; ++i) {
    if (!read(text.substr(2 * i, 2), bytes[i], 0xFF, 16)) return std::nullopt;
  }
  return usm::EngineId(ByteView(bytes).first(size));
}

std::uint64_t columns_hash() {
  std::string oids;
  for (const MibColumn& column : kMibColumns) {
    for (std::size_t i = 0; i < column.oid.size; ++i) {
      append(oids, column.oid.arcs[i]);
      oids += '.';
    }
  }
  return stable_hash(oids);
}

void append_line(std::string& text, const Remembered& one) {
  const DeviceMemory& memory = one.memory;
  const std::uint32_t numbers[] = {memory.max_varbinds, memory.cell_bytes, memory.clean_polls,
                                   memory.polls, memory.rows};
  for (const std::uint32_t number : numbers) {
    append(text, number);
    text += ' ';
  }
  append(text, memory.columns, 16);
  text += ' ';
  append(text, memory.useless, 16);
  text += ' ';
  text += one.engine.empty() ? "-" : to_text(one.engine).substr(2);
  text += ' ';
  text += one.device;
  text += '\n';
}

std::optional<Remembered> read_line(std::string_view line, bool same_columns) {
  Remembered one;
  DeviceMemory& memory = one.memory;
  constexpr ColumnMask kAll = kPrimaryColumns | kFallbackColumns;
  bool ok = read(word(line), memory.max_varbinds, kMostVarbinds);
  ok = ok && read(word(line), memory.cell_bytes, std::numeric_limits<std::uint16_t>::max());
  ok = ok && read(word(line), memory.clean_polls, kMostPolls);
  ok = ok && read(word(line), memory.polls, kMostPolls);
  ok = ok && read(word(line), memory.rows, kMostRows + kMostVarbinds);
  // Masks of other columns are numbers like any other, but mean nothing here.
  const std::uint64_t most = same_columns ? kAll : ~ColumnMask{0};
  ok = ok && read(word(line), memory.columns, most, 16);
  ok = ok && read(word(line), memory.useless, most, 16);
  if (!ok || memory.max_varbinds < 2) return std::nullopt;
  if (same_columns && ((memory.columns | memory.useless) & ~kAll) != 0) return std::nullopt;
  if (!same_columns) {
    memory.columns = kPrimaryColumns;
    memory.useless = 0;
  }
  const auto engine = read_engine(word(line));
  if (!engine || line.empty() || line.size() > kMostName) return std::nullopt;
  one.engine = *engine;
  one.device = line;
  return one;
}

}  // namespace

std::uint64_t learned_of(const DeviceMemory& memory, const usm::EngineId& engine) {
  std::uint64_t hash = usm::EngineIdHash{}(engine);
  const std::uint64_t parts[] = {memory.max_varbinds, memory.columns, memory.useless, memory.rows};
  for (const std::uint64_t part : parts) {
    hash = (hash ^ part) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29U;
  }
  return hash;
}

std::string encode_memory(const std::vector<Remembered>& devices) {
  std::string text(kMagic);
  text.reserve(devices.size() * 80 + 100);
  append(text, columns_hash(), 16);
  text += '\n';
  std::size_t count = 0;
  for (const Remembered& one : devices) {
    if (count == kMostRemembered) break;
    const bool fits = !one.device.empty() && one.device.size() <= kMostName;
    if (!fits || one.device.find('\n') != std::string::npos) continue;
    append_line(text, one);
    ++count;
  }
  const std::uint64_t checksum = stable_hash(text);
  text += "end ";
  append(text, count);
  text += ' ';
  append(text, checksum, 16);
  text += '\n';
  return text;
}

Result<std::vector<Remembered>> decode_memory(std::string_view text) {
  if (text.size() > kMostMemoryText) return Error{"it is too long"};
  if (!text.starts_with(kMagic)) return Error{"it is no file of this version of itnxt"};
  if (text.back() != '\n') return Error{"it is cut off"};
  const std::size_t last = text.rfind('\n', text.size() - 2);
  if (last == std::string_view::npos) return Error{"it is cut off"};
  std::string_view body = text.substr(0, last + 1);
  std::string_view end = text.substr(last + 1, text.size() - last - 2);
  std::uint64_t count = 0;
  std::uint64_t checksum = 0;
  if (word(end) != "end") return Error{"it is cut off"};
  if (!read(word(end), count, kMostRemembered) ||
      !read(end, checksum, std::numeric_limits<std::uint64_t>::max(), 16) ||
      checksum != stable_hash(body)) {
    return Error{"its checksum is wrong"};
  }
  body.remove_prefix(kMagic.size());
  std::vector<Remembered> devices;
  const auto next_line = [&body] {
    const std::size_t length = body.find('\n');
    const std::string_view line = body.substr(0, length);
    body.remove_prefix(length + 1);
    return line;
  };
  std::uint64_t columns = 0;
  if (!read(next_line(), columns, std::numeric_limits<std::uint64_t>::max(), 16)) {
    return Error{"line 1 is not understood"};
  }
  while (!body.empty()) {
    const auto one = read_line(next_line(), columns == columns_hash());
    if (!one || devices.size() == count) {
      return Error{"line " + std::to_string(devices.size() + 2) + " is not understood"};
    }
    devices.push_back(*one);
  }
  if (devices.size() != count) return Error{"lines are missing"};
  return devices;
}

}  // namespace itnxt::snmp
