#include "daemon/config/masks.hpp"

#include <algorithm>
#include <cctype>

#include "daemon/config/redact.hpp"

namespace itnxt {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

// The key at the front of a line, "" without one.
std::string_view key_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  std::size_t first = colon;
  while (first > 0 && is_word(line[first - 1])) --first;
  return line.substr(first, colon - first);
}

// Maps that bear secrets further down: what stands there by mistake may be one.
bool bears_secrets(std::string_view key) {
  return key == "credentials" || key == "channels";
}

// Whether a line belongs, by its indentation, to the value of a key above it: first of a secret,
// then of a map that bears secrets.
struct Above {
  bool secret = false;
  bool bearer = false;
};
Above keys_above(std::string_view text, std::size_t begin, std::size_t indent) {
  bool nearest = true;
  for (int n = 0; n < 50 && begin > 0 && indent > 0; ++n) {
    const std::size_t end = begin - 1;
    const std::size_t newline = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    begin = newline == std::string_view::npos ? 0 : newline + 1;
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t here = indent_of(line);
    if (here == line.size() || here >= indent) continue;
    const std::string_view key = key_of(line);
    if (key.empty()) continue;  // itself a continuation
    if (nearest && looks_secret(key)) return {true, false};
    if (bears_secrets(key)) return {false, true};
    nearest = false;
    indent = here;
  }
  return {};
}

// Where on a line of a text that did not parse the first thing begins that may be a secret for
// standing where a map with one is due; npos when none does.
std::size_t secret_by_place(std::string_view line, bool below_bearer) {
  for (std::size_t colon = line.find(':'); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    std::size_t first = colon;
    while (first > 0 && is_word(line[first - 1])) --first;
    if (!below_bearer && !bears_secrets(line.substr(first, colon - first))) continue;
    return line.find_first_not_of(" \t", colon + 1);
  }
  return below_bearer ? line.find_first_not_of(" \t") : std::string_view::npos;
}

}  // namespace

std::size_t Masks::open(std::size_t begin, bool flow, bool secret) {
  scalars_.push_back({begin, std::string_view::npos, flow, secret});
  open_ = true;
  return scalars_.size() - 1;
}

void Masks::close(std::size_t limit) {
  if (open_) scalars_.back().limit = limit;
  open_ = false;
}

std::size_t closing_quote(std::string_view text, std::size_t begin, std::size_t end) {
  const char quote = text[begin];
  for (std::size_t at = begin + 1; at < end; ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || at + 1 >= end || text[at + 1] != '\'') return at;
      ++at;  // '' is one quote
    }
  }
  return std::string_view::npos;
}

std::size_t scalar_end(std::string_view text, std::size_t begin, std::size_t end, bool flow) {
  if (begin >= end) return end;
  const char quote = text[begin];
  if (quote == '"' || quote == '\'') {
    const std::size_t close = closing_quote(text, begin, end);
    return close == std::string_view::npos ? end : close + 1;
  }
  if (quote == '&' || quote == '!') return end;  // an anchor or tag before it: hide it all
  for (std::size_t at = begin; at < end; ++at) {
    const bool bracket = flow && std::string_view(",[]{}").find(text[at]) != std::string_view::npos;
    const bool comment = text[at] == '#' && at > begin && std::isspace(text[at - 1]) != 0;
    if (!bracket && !comment) continue;
    end = at;
    break;
  }
  while (end > begin + 1 && std::isspace(static_cast<unsigned char>(text[end - 1])) != 0) --end;
  return end;
}

std::vector<Mask> Masks::on_line(std::string_view text, std::size_t begin, std::size_t end) const {
  std::vector<Mask> masks;
  const auto add = [&](std::size_t from, std::size_t to) {
    if (!masks.empty()) from = std::max(from, masks.back().end);
    if (from < to) masks.push_back({from, to});
  };
  const std::size_t indent = std::min(begin + indent_of(text.substr(begin, end - begin)), end);
  auto it = std::lower_bound(scalars_.begin(), scalars_.end(), begin,
                             [](const Scalar& s, std::size_t at) { return s.begin < at; });
  if (it != scalars_.begin()) {  // one that began above may reach into this line
    const Scalar& before = *std::prev(it);
    if (before.secret && !before.one_line && before.limit > begin)
      add(indent, std::min(before.limit, end));
  }
  for (; it != scalars_.end() && it->begin < end; ++it) {
    if (!it->secret) continue;
    std::size_t to = std::min(scalar_end(text, it->begin, end, it->flow), it->limit);
    const bool quoted = text[it->begin] == '"' || text[it->begin] == '\'';
    if (it->shown > 0 && quoted && text[to - 1] == text[it->begin]) --to;  // keep the quote
    add(it->begin + it->shown, to);
  }
  const std::string_view line = text.substr(begin, end - begin);
  if (broken_) {
    const Above above = keys_above(text, begin, indent - begin);
    const bool no_configuration = text.find(':') == std::string_view::npos ||
                                  text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE");
    if (above.secret || no_configuration) return {{indent, end}};
    const std::size_t from = secret_by_place(line, above.bearer);
    if (from != std::string_view::npos) {
      std::erase_if(masks, [&](const Mask& m) { return m.end > begin + from; });
      masks.push_back({begin + from, end});
    }
  }
  // Comments, quoted text and broken files have no structure: there the looks decide.
  for (std::size_t at = secret_by_looks(line, 0); at != std::string_view::npos;
       at = secret_by_looks(line, at)) {
    const std::size_t value = begin + at;
    const auto known = std::find_if(masks.begin(), masks.end(), [&](const Mask& m) {
      return m.begin <= value && value < m.end;
    });
    const auto begins =
        std::lower_bound(scalars_.begin(), scalars_.end(), value,
                         [](const Scalar& s, std::size_t offset) { return s.begin < offset; });
    const bool is_value = !broken_ && begins != scalars_.end() && begins->begin == value;
    if (known != masks.end() || is_value) continue;
    std::erase_if(masks, [&](const Mask& m) { return m.end > value; });
    masks.push_back({value, end});
    break;
  }
  for (std::size_t from = 0; from < line.size();) {
    from += web_url_tail(line.substr(from));
    const std::size_t tail = begin + from;
    if (tail >= end || std::any_of(masks.begin(), masks.end(), [&](const Mask& m) {
          return m.begin <= tail && tail < m.end;
        })) {
      continue;
    }
    std::erase_if(masks, [&](const Mask& m) { return m.end > tail; });
    masks.push_back({tail, end});
    break;
  }
  return masks;
}

}  // namespace itnxt
