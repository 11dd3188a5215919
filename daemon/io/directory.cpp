#include "daemon/io/directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace itnxt {

std::optional<DirectoryTrouble> make_directory(const std::string& path) {
  std::filesystem::path made;
  for (const auto& part : std::filesystem::path(path)) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) == 0) continue;
    const int error = errno;
    struct stat info {};
    if (::stat(made.c_str(), &info) != 0) return DirectoryTrouble{made.string(), error};
    if (!S_ISDIR(info.st_mode)) return DirectoryTrouble{made.string(), ENOTDIR};
  }
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) return DirectoryTrouble{path, errno};
  return std::nullopt;
}

std::optional<std::string> open_to_others(std::string_view key, const std::string& path) {
  constexpr mode_t kOthers = S_IWGRP | S_IRWXO;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & kOthers) == 0) return std::nullopt;
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", info.st_mode & 07777U);
  return std::string(key) + ' ' + path + ": open to other users (mode " + mode.data() +
         "): chmod 700 it, or name a directory that nothing else uses";
}

std::string file_time(WallTime time) {
  std::string text = to_rfc3339(time);
  std::erase_if(text, [](char c) { return c == ':' || c == '-' || c == '.'; });
  return text;
}

}  // namespace itnxt
