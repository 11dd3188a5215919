#include "daemon/io/remote_write/write_request.hpp"

#include <snappy.h>

#include <algorithm>
#include <array>
#include <bit>

namespace itnxt {
namespace {

constexpr char kTimeSeries = 0x0A;  // field 1, length-delimited
constexpr char kLabel = 0x0A;
constexpr char kSample = 0x12;
constexpr char kName = 0x0A;
constexpr char kLabelValue = 0x12;
constexpr char kNumber = 0x09;     // field 1, 64 bits
constexpr char kTimestamp = 0x10;  // field 2, varint
constexpr std::string_view kMetricName = "__name__";

constexpr std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while ((value >>= 7U) != 0) ++size;
  return size;
}

constexpr std::size_t kLongestVarint = 10;

char* put_varint(char* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) *to++ = static_cast<char>(value | 0x80U);
  *to++ = static_cast<char>(value);
  return to;
}

void append_varint(std::string& out, std::uint64_t value) {
  std::array<char, kLongestVarint> bytes;
  out.append(bytes.data(), put_varint(bytes.data(), value));
}

void append_text(std::string& out, char tag, std::string_view text) {
  out += tag;
  append_varint(out, text.size());
  out += text;
}

std::size_t text_size(std::size_t length) {
  return 1 + varint_size(length) + length;
}

std::size_t label_size(std::string_view name, std::string_view value) {
  return text_size(name.size()) + text_size(value.size());
}

void append_label_field(std::string& out, std::string_view name, std::string_view value) {
  out += kLabel;
  append_varint(out, label_size(name, value));
  append_text(out, kName, name);
  append_text(out, kLabelValue, value);
}

// Little-endian (protobuf.dev "Encoding").
char* put_fixed64(char* to, double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8U) *to++ = static_cast<char>(bits & 0xFFU);
  return to;
}

std::string_view unescape(std::string_view text, std::string& room) {
  const std::size_t begin = room.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '\\' && at + 1 < text.size()) c = text[++at] == 'n' ? '\n' : text[at];
    room += c;
  }
  return std::string_view(room).substr(begin);
}

// What core/labels.hpp rendered: {name="value",…}. The labels are views of `text`, or of `room`
// where something had to be unescaped.
template <class LabelView>
void parse(std::string_view text, std::string& room, std::vector<LabelView>& labels) {
  labels.clear();
  room.clear();
  room.reserve(text.size());  // it must not move
  std::size_t at = 1;
  while (at < text.size()) {
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) break;
    const std::string_view name = text.substr(at, equals - at);
    const std::size_t begin = equals + 2;
    bool is_escaped = false;
    for (at = begin; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] != '\\') continue;
      is_escaped = true;
      ++at;
    }
    const std::string_view value = text.substr(begin, std::min(at, text.size()) - begin);
    labels.push_back({name, is_escaped ? unescape(value, room) : value});
    at += 2;  // the quote, and comma or brace
  }
}

}  // namespace

SeriesEncoder::SeriesEncoder(const std::map<std::string, std::string>& external)
    : external_(external.begin(), external.end()) {}

void SeriesEncoder::read_labels(std::string_view text) {
  text_ = text;
  has_read_ = true;
  std::vector<LabelView>& labels = labels_;
  parse(std::string_view(text_), values_, labels);
  const std::size_t own = labels.size();
  for (const auto& external : external_) {
    const auto end = labels.begin() + static_cast<std::ptrdiff_t>(own);
    const auto same = [&](const LabelView& one) { return one.name == external.first; };
    if (std::none_of(labels.begin(), end, same))
      labels.push_back({external.first, external.second});
  }
  std::ranges::sort(labels, {}, &LabelView::name);
  before_.clear();
  after_.clear();
  for (const LabelView& one : labels) {
    if (one.value.empty()) continue;
    append_label_field(one.name < kMetricName ? before_ : after_, one.name, one.value);
  }
}

void SeriesEncoder::append(std::string& out, const FedSample& sample) {
  if (!has_read_ || sample.labels != text_) read_labels(sample.labels);
  const auto timestamp = static_cast<std::uint64_t>(sample.at);
  const std::size_t name = label_size(kMetricName, sample.metric);
  const std::size_t number = 1 + 8 + 1 + varint_size(timestamp);
  const std::size_t size = before_.size() + text_size(name) + after_.size() + text_size(number);
  out += kTimeSeries;
  append_varint(out, size);
  out += before_;
  append_label_field(out, kMetricName, sample.metric);
  out += after_;
  std::array<char, 2 + 9 + 1 + kLongestVarint> end;
  char* at = end.data();
  *at++ = kSample;
  at = put_varint(at, number);
  *at++ = kNumber;
  at = put_fixed64(at, sample.value);
  *at++ = kTimestamp;
  out.append(end.data(), put_varint(at, timestamp));
}

std::string compress(std::string_view bytes, std::string& room) {
  room.resize(std::max(room.size(), snappy::MaxCompressedLength(bytes.size())));
  std::size_t size = 0;
  snappy::RawCompress(bytes.data(), bytes.size(), room.data(), &size);
  return room.substr(0, size);
}

std::optional<std::string> uncompress(std::string_view block, std::size_t most) {
  std::size_t size = 0;
  std::string bytes;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size) || size > most ||
      !snappy::Uncompress(block.data(), block.size(), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace itnxt
