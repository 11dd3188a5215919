// An answer of a hostile server: whatever comes, in whatever pieces, is bounded, and pieces make no
// difference. Then the JSON in it, through every table.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daemon/core/text.hpp"
#include "daemon/ctl/http_response.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/views.hpp"

namespace {

constexpr std::size_t kMaxBody = 4096;

struct Outcome {
  std::string error;
  bool done = false;
  itnxt::ctl::HttpResponse response;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  itnxt::ctl::HttpResponseReader reader(kMaxBody);
  while (!bytes.empty()) {
    const itnxt::Status fed = reader.feed(bytes.substr(0, piece));
    if (!fed) return {fed.error(), false, {}};
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  const itnxt::Status finished = reader.finish();
  if (!finished) return {finished.error(), false, {}};
  return {"", reader.done(), reader.take()};
}

void require(bool holds) {
  if (!holds) std::abort();
}

void render(const itnxt::ctl::Json& data) {
  const itnxt::ctl::Style style{false, 80};
  for (const std::string& text :
       {itnxt::ctl::links_table(data, {}), itnxt::ctl::devices_table(data, itnxt::WallTime{}, {}),
        itnxt::ctl::alerts_table(data, itnxt::WallTime{}, {}),
        itnxt::ctl::status_text(data, data, {}), itnxt::ctl::watch_frame(data, data, 24, style)}) {
    require(itnxt::is_valid_utf8(text));
    for (const char c : text) require(c == '\n' || static_cast<unsigned char>(c) >= ' ');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  const Outcome whole = read(bytes, bytes.size() + 1);
  const Outcome pieces = read(bytes, std::size_t{1} + data[0] % 64U);
  require(whole.done == pieces.done);
  require(whole.response.status == pieces.response.status);
  require(whole.response.body == pieces.response.body);
  require(whole.response.body.size() <= kMaxBody);
  const auto answer = itnxt::ctl::parse_answer(whole.done ? whole.response.body : bytes);
  if (answer) render(*answer);
  return 0;
}
