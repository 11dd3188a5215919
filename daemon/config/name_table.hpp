// Names of one kind with the place where each stands: uniqueness, references, suggestions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/config/problems.hpp"

namespace itnxt {

class NameTable {
 public:
  // `what`: "device"; `home`: where they are given, "inventory.devices".
  NameTable(std::string_view what, std::string_view home) : what_(what), home_(home) {}

  // False when the name stood before; reports it with the first place. `index` is what find()
  // gives.
  bool add(Problems& problems, const std::string& name, const Value& at, std::size_t index);
  // The index of a name; reports a name that nothing bears.
  std::optional<std::size_t> find(Problems& problems, const std::string& name, const Value& at);
  [[nodiscard]] const std::size_t* look_up(const std::string& name) const;
  // "no device is named 'x'; did you mean 'y'?"
  std::string unknown(const Problems& problems, const std::string& name);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  struct Entry {
    std::size_t index;
    const Value* at;
  };
  std::string_view what_;
  std::string_view home_;
  std::unordered_map<std::string, Entry> entries_;
  std::vector<std::string> names_;
  std::size_t comparisons_left_ = 2'000'000;  // names looked at for "did you mean"
};

}  // namespace itnxt
