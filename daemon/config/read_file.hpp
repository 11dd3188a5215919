// One bounded read of a regular file, never blocking: a fifo must not stop a start. Internal to
// this folder.
#pragma once

#include <cstddef>
#include <string>

namespace itnxt {

struct FileText {
  enum class Fault { none, unreadable, directory, irregular, too_large };
  Fault fault = Fault::none;
  std::string text;              // whole, when there is no fault
  std::string why;               // unreadable: "Permission denied"
  int error = 0;                 // unreadable: errno
  bool others_may_read = false;  // every user of this host
  bool group_may_read = false;
};

// The whole of the file, if it has at most `most` bytes.
FileText read_file(const std::string& path, std::size_t most);

}  // namespace itnxt
