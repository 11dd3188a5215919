#include "daemon/state/identity.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kLongestText = 256;

bool is_plain(std::string_view text) {
  return text.size() <= kLongestText &&
         (text.empty() || (text.front() != ' ' && text.back() != ' ')) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string safe_text(std::string_view text) {
  return is_plain(text) ? std::string(text) : sanitize(text, kLongestText);
}

std::string base_name(const InterfaceSample& sample) {
  for (const std::string* text : {&sample.if_name, &sample.if_descr}) {
    std::string name = safe_text(*text);
    if (!name.empty()) return name;
  }
  return "ifIndex " + std::to_string(sample.if_index);
}

std::shared_ptr<const InterfaceIdentity> make_identity(const DeviceName& device, std::string name) {
  auto identity = std::make_shared<InterfaceIdentity>();
  identity->device = device;
  identity->label_prefix = "{device=\"";
  append_label_value(identity->label_prefix, device.text());
  identity->label_prefix += "\",interface=\"";
  append_label_value(identity->label_prefix, name);
  identity->label_prefix += "\"}";
  identity->name = InterfaceName(std::move(name));
  return identity;
}

std::vector<std::string> distinct_names(const std::vector<std::string>& bases) {
  std::vector<std::string> names;
  names.reserve(bases.size());
  // A base that stands alone keeps its name even if another's numbered form would be the same.
  std::unordered_set<std::string_view> taken(bases.begin(), bases.end());
  std::unordered_set<std::string> numbered;
  std::unordered_map<std::string_view, std::uint32_t> met;
  for (const std::string& base : bases) {
    std::uint32_t& count = met[base];
    if (++count == 1) {
      names.push_back(base);
      continue;
    }
    std::string name = base + "#" + std::to_string(count);
    while (taken.contains(name) || numbered.contains(name)) {
      name = base + "#" + std::to_string(++count);
    }
    numbered.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace itnxt
