#include "daemon/core/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace itnxt {
namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;

// Decodes one code point at `at` and moves past it; kInvalid and no move when the bytes are none
// (overlong forms, surrogates and values above U+10FFFF included; RFC 3629 §3).
char32_t decode(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(at);
  std::size_t length = 0;
  char32_t point = 0;
  char32_t least = 0;
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  if ((lead & 0xE0) == 0xC0) {
    length = 2, point = lead & 0x1FU, least = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, point = lead & 0x0FU, least = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, point = lead & 0x07U, least = 0x10000;
  } else {
    return kInvalid;
  }
  if (text.size() - at < length) return kInvalid;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return kInvalid;
    point = (point << 6) | (byte(at + i) & 0x3FU);
  }
  if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return kInvalid;
  at += length;
  return point;
}

// A code point's bytes.
class Encoded {
 public:
  explicit Encoded(char32_t point) {
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | (point >> 6)), tail(point);
    } else if (point < 0x10000) {
      put(0xE0 | (point >> 12)), tail(point >> 6), tail(point);
    } else {
      put(0xF0 | (point >> 18)), tail(point >> 12), tail(point >> 6), tail(point);
    }
  }
  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  void put(char32_t byte) { bytes_[size_++] = static_cast<char>(byte); }
  void tail(char32_t bits) { put(0x80 | (bits & 0x3F)); }
  std::array<char, 4> bytes_{};
  std::size_t size_ = 0;
};

// Printable ASCII without spaces at the ends or in a row, not too long: nothing is to be done.
bool is_clean(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return false;
  char before = ' ';  // a space at the start counts as the second
  for (const char c : text) {
    if (c < ' ' || c > '~' || (c == ' ' && before == ' ')) return false;
    before = c;
  }
  return text.empty() || before != ' ';
}

// C0, DEL, C1, and the marks that reorder or hide text in a terminal or a page (bidi, zero width).
bool is_unsafe(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xAD ||
         (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string sanitize(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  sanitize_into(clean, text, max_bytes);
  return clean;
}

void sanitize_into(std::string& to, std::string_view text, std::size_t max_bytes) {
  if (is_clean(text, max_bytes)) {
    to.assign(text);
    return;
  }
  to.clear();
  for (std::size_t at = 0; at < text.size();) {
    char32_t point = decode(text, at);
    if (point == kInvalid) {
      const auto byte = static_cast<std::uint8_t>(text[at++]);
      point = byte >= 0xA0 ? byte : U'\uFFFD';
    }
    if (is_unsafe(point)) point = U' ';
    if (point == U' ' && (to.empty() || to.back() == ' ')) continue;
    const Encoded encoded(point);
    if (to.size() + encoded.bytes().size() > max_bytes) break;
    to += encoded.bytes();
  }
  while (!to.empty() && to.back() == ' ') to.pop_back();
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (decode(text, at) == kInvalid) return false;
  }
  return true;
}

std::optional<std::string> did_you_mean(std::string_view word,
                                        const std::vector<std::string>& candidates) {
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::optional<std::string> best;
  std::size_t nearest = limit + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < nearest) {
      nearest = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace itnxt
