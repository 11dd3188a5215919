// Which values of a document must not be shown, judged while its tree is built: by the key they
// stand under, and by what is due where they stand. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace itnxt {

class Hiding {
 public:
  // What a map is that bears secrets further down. A scalar or a list in its place may be a secret
  // whose map was forgotten: `credentials: {lab: TEXT}`.
  enum class Area : std::uint8_t { none, document, credentials, set, notify, channels, channel };

  // Of a list or map.
  struct Context {
    bool is_map = false;
    bool secret = false;  // everything in it belongs to a key that holds a secret
    bool url = false;     // it stands under a key of URLs
    Area area = Area::none;
  };

  // Where the next value will stand.
  struct Slot {
    const Context* in = nullptr;  // null: it is the whole document
    bool is_key = false;          // of a map
    std::string_view key;         // its key, in a map; empty when that is no scalar
  };

  // A list or map begins in `slot`.
  [[nodiscard]] Context enter(const Slot& slot, bool is_map);
  // The same for an alias of a value that stands in `area`, or of a scalar or list.
  [[nodiscard]] bool hides_alias(const Slot& slot, bool is_map, Area area);
  [[nodiscard]] bool hides(const Slot& slot, std::string_view text);
  // A key of this map that bears no value may be a secret itself: `{lab: {TEXT}}`.
  // Among names only within braces: `{NAME}`; `NAME:` is one whose map is empty.
  [[nodiscard]] static bool hides_lone_key(const Context& map, bool flow) {
    const bool names = map.area == Area::credentials || map.area == Area::channels;
    return map.secret || map.area == Area::set || map.area == Area::channel || (names && flow);
  }
  // How many bytes of a scalar's source (`written` is it and what follows) may be shown before the
  // secret tail of the URL in it; 0: it is not written as it reads, hide it all. Nothing when it is
  // no URL with a tail.
  [[nodiscard]] static std::optional<std::size_t> shown_of_url(const Slot& slot,
                                                               std::string_view text,
                                                               std::string_view written);

 private:
  [[nodiscard]] bool looks(std::string_view key);

  std::unordered_map<std::string_view, bool> looks_;  // what looks_secret() said; keys are the
                                                      // document's own text
};

}  // namespace itnxt
