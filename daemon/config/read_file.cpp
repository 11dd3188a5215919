#include "daemon/config/read_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

FileText fault(FileText::Fault what) {
  const int error = errno;
  FileText text;
  text.fault = what;
  if (what == FileText::Fault::unreadable) {
    text.error = error;
    text.why = errno_text(error);
  }
  return text;
}

}  // namespace

FileText read_file(const std::string& path, std::size_t most) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0) return fault(FileText::Fault::unreadable);
  if (S_ISDIR(status.st_mode)) return fault(FileText::Fault::directory);
  if (!S_ISREG(status.st_mode)) return fault(FileText::Fault::irregular);
  FileText result;
  result.others_may_read = (status.st_mode & S_IROTH) != 0;
  result.group_may_read = (status.st_mode & S_IRGRP) != 0;
  const auto size = static_cast<std::size_t>(status.st_size);  // a hint: /proc says 0
  result.text.resize(std::min(size, most) + 1);
  std::size_t used = 0;
  while (true) {
    const ssize_t n = read(file.get(), result.text.data() + used, result.text.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fault(FileText::Fault::unreadable);
    used += static_cast<std::size_t>(n);
    if (used > most) return fault(FileText::Fault::too_large);
    if (n == 0) break;
    if (used == result.text.size()) result.text.resize(std::min(2 * used, most + 1));
  }
  result.text.resize(used);
  return result;
}

}  // namespace itnxt
