// What Debian's promtool says of an exposition.
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace itnxt::test {

inline bool has_promtool() {
  return std::system("command -v promtool >/dev/null 2>&1") == 0;
}

// "" when it has nothing to say.
inline std::string promtool_says(const std::string& exposition) {
  std::string directory = std::filesystem::temp_directory_path() / "itnxt-promtool-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return "no temporary directory";
  std::ofstream(directory + "/metrics") << exposition;
  const std::string command =
      "promtool check metrics <" + directory + "/metrics >" + directory + "/said 2>&1";
  const int code = std::system(command.c_str());
  std::ostringstream said;
  said << std::ifstream(directory + "/said").rdbuf();
  std::filesystem::remove_all(directory);
  return code == 0 || !said.str().empty() ? said.str() : "promtool failed";
}

}  // namespace itnxt::test
