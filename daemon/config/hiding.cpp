#include "daemon/config/hiding.hpp"

#include <algorithm>
#include <array>

#include "daemon/config/redact.hpp"

namespace itnxt {
namespace {

using Area = Hiding::Area;

// Of a set of credentials; under any other key a secret is likelier than not.
constexpr std::array<std::string_view, 6> kShownOfSet = {"version", "user",    "auth",
                                                         "priv",    "context", "insecure_ok"};

Area area_of(const Hiding::Slot& slot) {
  if (slot.in == nullptr) return Area::document;
  if (!slot.in->is_map || slot.is_key) return Area::none;
  switch (slot.in->area) {
    case Area::document:
      if (slot.key == "credentials") return Area::credentials;
      return slot.key == "notify" ? Area::notify : Area::none;
    case Area::credentials:
      return Area::set;
    case Area::notify:
      return slot.key == "channels" ? Area::channels : Area::none;
    case Area::channels:
      return Area::channel;
    case Area::none:
    case Area::set:
    case Area::channel:
      return Area::none;
  }
  return Area::none;
}

// Where only a map is right, so that anything else may be a secret.
bool wants_map(Area area) {
  return area != Area::none && area != Area::notify;
}

bool is_below_url_key(const Hiding::Slot& slot) {
  if (slot.in == nullptr || slot.is_key) return false;
  return slot.in->url || (slot.in->is_map && is_url_key(slot.key));
}

}  // namespace

bool Hiding::looks(std::string_view key) {
  const auto [entry, is_new] = looks_.try_emplace(key, false);
  if (is_new) entry->second = looks_secret(key);
  return entry->second;
}

bool Hiding::hides(const Slot& slot, std::string_view text) {
  if (has_user_info(text) || wants_map(area_of(slot))) return true;
  if (slot.in == nullptr) return true;
  const Context& in = *slot.in;
  if (!in.is_map) return in.secret;
  if (slot.is_key) return in.secret && !is_secret_reference(text);
  if (in.secret) return !is_secret_reference(slot.key);
  if (in.area == Area::set) return std::ranges::find(kShownOfSet, slot.key) == kShownOfSet.end();
  return looks(slot.key);
}

Hiding::Context Hiding::enter(const Slot& slot, bool is_map) {
  Context context;
  context.is_map = is_map;
  context.url = is_below_url_key(slot);
  const Area area = area_of(slot);
  if (is_map) context.area = area;
  if (is_map && wants_map(area)) {
    context.secret = slot.in != nullptr && slot.in->secret;
  } else {
    const bool odd_key =  // a list or map as a key
        slot.is_key && slot.in->area != Area::document && wants_map(slot.in->area);
    context.secret = odd_key || hides(slot, {});
  }
  return context;
}

bool Hiding::hides_alias(const Slot& slot, bool is_map, Area area) {
  const Area here = area_of(slot);
  return enter(slot, is_map).secret || (wants_map(here) && here != area);
}

std::optional<std::size_t> Hiding::shown_of_url(const Slot& slot, std::string_view text,
                                                std::string_view written) {
  if (text.find_first_of("/?#\\") == std::string_view::npos) return std::nullopt;  // quick
  const std::size_t tail = is_below_url_key(slot) ? url_tail(text) : web_url_tail(text);
  if (tail >= text.size()) return std::nullopt;
  const std::size_t quote = written.starts_with('"') || written.starts_with('\'') ? 1 : 0;
  const bool as_it_reads = written.substr(quote).starts_with(text.substr(0, tail));
  return as_it_reads ? quote + tail : 0;
}

}  // namespace itnxt
