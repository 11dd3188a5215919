// What is wrong with a section of the configuration in the eyes of the code that will use it.
#pragma once

#include <string>

namespace itnxt {

struct Objection {
  std::string key;      // of the section: where its message points
  std::string message;  // "KEY: what is wrong; what to do"
  bool warning = false;
  bool operator==(const Objection&) const = default;
};

}  // namespace itnxt
