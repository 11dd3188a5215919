// What loading said, as an operator reads it.
#pragma once

#include <string>

#include "daemon/config/load.hpp"

namespace itnxt {

inline std::string all_text(const Loaded& loaded) {
  std::string text;
  for (const Issue& issue : loaded.issues) text += to_text(issue);
  return text;
}

}  // namespace itnxt
