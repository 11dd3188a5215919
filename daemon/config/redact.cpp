#include "daemon/config/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::array<std::string_view, 10> kSecretWords = {
    "community", "password", "passwd",     "passphrase",  "secret",
    "token",     "api_key",  "secret_key", "private_key", "authorization"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

// {file: …} and nothing more in the braces: such a reference is safe to print.
bool is_reference(std::string_view value) {
  if (!value.starts_with('{')) return false;
  const std::size_t word = std::min(value.find_first_not_of(" \t", 1), value.size());
  std::size_t end = word;
  while (end < value.size() && is_word(value[end])) ++end;
  const std::string_view inside = value.substr(0, value.find('}'));
  return is_secret_reference(value.substr(word, end - word)) &&
         inside.find(',') == std::string_view::npos;
}

}  // namespace

bool looks_secret(std::string_view key) {
  if (key.size() < 4 || key.size() > 64) return false;
  const std::string word = lower(key);
  for (const std::string_view secret : kSecretWords) {
    if (word.find(secret) != std::string::npos) return true;
  }
  if (std::string_view("cps").find(word.front()) == std::string_view::npos) return false;  // quick
  static const std::vector<std::string> kNear = {"community", "password", "secret"};
  return did_you_mean(word, kNear).has_value();
}

bool is_secret_reference(std::string_view key) {
  return key == "file" || key == "env" || key == "credential";
}

bool has_user_info(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority = url.substr(scheme + 3);
  return authority.substr(0, authority.find_first_of("/?#")).find('@') != std::string_view::npos;
}

std::size_t url_tail(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = url.find_first_of("/?#\\", host);
  return end == std::string_view::npos ? url.size() : end + 1;
}

std::size_t web_url_tail(std::string_view text) {
  for (std::size_t scheme = text.find("://"); scheme != std::string_view::npos;
       scheme = text.find("://", scheme + 1)) {
    const std::size_t word = std::min<std::size_t>(scheme, 5);
    const std::string before = lower(text.substr(scheme - word, word));
    if (!before.ends_with("http") && before != "https") continue;
    const std::size_t tail = scheme + url_tail(text.substr(scheme));
    if (tail < text.size() &&
        std::string_view(" \t\"',]}").find(text[tail]) == std::string_view::npos) {
      return tail;
    }
  }
  return text.size();
}

bool is_url_key(std::string_view key) {
  return key == "url" || key == "urls" || key == "external_url" || key == "runbook_url";
}

std::size_t secret_by_looks(std::string_view line, std::size_t from) {
  for (std::size_t colon = line.find(':', from); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    std::size_t end = colon;
    while (end > 0 && std::string_view(" \t\"'").find(line[end - 1]) != std::string_view::npos) {
      --end;
    }
    std::size_t begin = end;
    while (begin > 0 && is_word(line[begin - 1])) --begin;
    if (begin == end || !looks_secret(line.substr(begin, end - begin))) continue;
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (value != std::string_view::npos && !is_reference(line.substr(value))) return value;
  }
  return std::string_view::npos;
}

bool mentions_secret(std::string_view text) {
  return has_user_info(text) || secret_by_looks(text, 0) != std::string_view::npos;
}

}  // namespace itnxt
