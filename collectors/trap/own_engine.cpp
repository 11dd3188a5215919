#include "collectors/trap/own_engine.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "collectors/kept_file.hpp"
#include "daemon/core/fd.hpp"

namespace itnxt::trap {
namespace {

using snmp::usm::EngineClock;
using snmp::usm::EngineId;

constexpr std::string_view kMagic = "itnxt trap engine 1 ";
constexpr std::size_t kMostText = 256;

EngineState fresh_engine() {
  return {random_engine_id(), 1};
}

}  // namespace

std::string encode_engine(const EngineState& state) {
  return std::string(kMagic) + to_text(state.id).substr(2) + ' ' + std::to_string(state.boots) +
         '\n';
}

Result<EngineState> decode_engine(std::string_view text) {
  const Error wrong{"it is no file of this version of itnxt"};
  if (!text.starts_with(kMagic) || !text.ends_with('\n')) return wrong;
  text.remove_prefix(kMagic.size());
  text.remove_suffix(1);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space % 2 != 0 || !EngineId::fits(space / 2)) return wrong;
  std::array<std::uint8_t, EngineId::kMost> bytes{};
  for (std::size_t i = 0; i < space / 2; ++i) {
    const char* const digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2) return wrong;
  }
  EngineState state{EngineId(snmp::ByteView(bytes).first(space / 2)), 0};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + space + 1, end, state.boots);
  if (read.ec != std::errc() || read.ptr != end || state.boots > EngineClock::kLatched) {
    return wrong;
  }
  return state;
}

EngineId random_engine_id() {
  // The agent's enterprise with the first bit set, then format 128: as the enterprise likes. 8072
  // is Net-SNMP's number, which serves whoever has none of his own.
  std::array<std::uint8_t, 17> bytes = {0x80, 0x00, 0x1F, 0x88, 0x80};
  for (std::size_t have = 5; have < bytes.size();) {
    const ssize_t n = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
    if (n > 0) have += static_cast<std::size_t>(n);
  }
  return EngineId(bytes);
}

OpenedEngine open_engine(const std::string& path) {
  if (path.empty()) return {fresh_engine(), "there is no directory for its file"};
  OpenedEngine opened{fresh_engine(), ""};
  if (const auto text = read_kept(path, kMostText)) {
    const auto known = *text ? decode_engine(**text) : Result<EngineState>(Error{text->error()});
    if (!known) {
      opened.problem = known.error();
    } else if (known->boots + 1 < EngineClock::kLatched) {
      opened.state = {known->id, known->boots + 1};
    }
  }
  if (const int error = write_kept(path, encode_engine(opened.state)); error != 0) {
    return {fresh_engine(), errno_text(error)};
  }
  return opened;
}

bool OwnEngine::is_timely(std::uint32_t boots, std::uint32_t time, Instant now) const {
  if (boots != state_.boots || boots >= EngineClock::kLatched) return false;
  const std::uint32_t here = this->time(now);
  return std::max(here, time) - std::min(here, time) <= EngineClock::kWindow;
}

}  // namespace itnxt::trap
