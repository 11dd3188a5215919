// The decoders of the wire and of the spool against any bytes. A byte 0xFF splits the input into
// the parts of one message. What was accepted must survive its own encoding.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "daemon/wire/codec.hpp"
#include "daemon/wire/stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace itnxt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)wire::decode_answer(input);
  (void)wire::decode_spool_record(input);
  if (const auto message = wire::decode_stream(input)) {  // what came in clean stays as it is
    const auto again = wire::decode_stream(wire::encode(*message));
    if (again && again->sequence != message->sequence) std::abort();
  }

  static wire::Decoder whole;
  if (!whole.decode({&input, 1})) {
    const std::string again =
        whole.holds_events() ? *wire::encode(whole.events()) : wire::encode(whole.batch());
    static wire::Decoder second;
    const std::string_view part = again;
    const bool refused = second.decode({&part, 1}).has_value();
    // Text that was cleaned and absent defaults may make it longer than the limit.
    if (refused && again.size() <= wire::kMaxPart) std::abort();
  }

  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= size;) {
    const std::size_t end = std::min(input.find('\xFF', at), size);
    parts.push_back(input.substr(at, end - at));
    at = end + 1;
  }
  static wire::Decoder split;
  (void)split.decode(parts);
  return 0;
}
