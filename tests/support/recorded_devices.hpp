// The recordings of real devices that tests serve: *.snmprec.gz below $ITNXT_TEST_DATA/snmprec.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

namespace itnxt::test {

inline std::filesystem::path recordings_folder() {
  const char* data = std::getenv("ITNXT_TEST_DATA");
  const std::filesystem::path base = data != nullptr ? data : ITNXT_SOURCE_DIR "/../shared/data";
  return base / "snmprec";
}

// By the device's name, which is the file's. None: the folder is not there, or holds none; the test
// says that it skips, and names the folder.
inline std::map<std::string, std::filesystem::path> recorded_devices() {
  constexpr std::string_view kEnding = ".snmprec.gz";
  std::map<std::string, std::filesystem::path> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(recordings_folder(), none)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(kEnding)) continue;
    found.emplace(name.substr(0, name.size() - kEnding.size()), entry.path());
  }
  return found;
}

}  // namespace itnxt::test
