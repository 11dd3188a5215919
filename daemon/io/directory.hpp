// Directories that hold what is ours alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/time.hpp"

namespace itnxt {

struct DirectoryTrouble {
  std::string path;  // the part that is in the way
  int error = 0;     // errno; ENOTDIR: something else stands there
};

// Makes what is missing of `path`, relative or absolute, each part for this user only (0700), and
// looks whether this user may read and write in it. Nothing when all is well.
[[nodiscard]] std::optional<DirectoryTrouble> make_directory(const std::string& path);

// A warning when a directory that is there may be written by its group or looked into by everyone:
// "KEY PATH: open to other users (mode 0777): what to do". Nothing is changed: it may be meant so.
[[nodiscard]] std::optional<std::string> open_to_others(std::string_view key,
                                                        const std::string& path);

// "20261123T091500000Z": for the name of a file that is set aside.
[[nodiscard]] std::string file_time(WallTime time);

}  // namespace itnxt
