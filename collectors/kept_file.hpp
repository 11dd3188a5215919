// A small text of a collector's own that outlives its process: read at the start, written whole
// (new file, fsync, rename) with mode 0600. All calls on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"

namespace itnxt {

// Absent: there is no such file. An Error: it cannot be read, is longer than `most`, or is no
// regular file; a fifo or a device in its place blocks nobody.
[[nodiscard]] std::optional<Result<std::string>> read_kept(const std::string& path,
                                                           std::size_t most);
// At once; waits for the disk. 0 or errno.
[[nodiscard]] int write_kept(const std::string& path, std::string_view text);

// Writes on a thread of its own, so that no disk delays the loop.
class KeptFile {
 public:
  explicit KeptFile(std::string path);
  ~KeptFile();  // waits until what was saved last is written
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // Writes what `make` returns, called on that thread, some time soon, if it is another text than
  // before; what has been waiting is out of date then. 0, or errno of the last attempt.
  int save(std::function<std::string()> make);
  // Waits until all is written, ends the thread. errno of the last attempt.
  int close();

 private:
  struct Shared;
  const std::string path_;
  std::unique_ptr<Shared> shared_;  // from the first save on
};

}  // namespace itnxt
