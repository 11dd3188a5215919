// What is wrong with a file's disk, logged when it changes: once when it begins or turns into
// another, once when it has ended. One thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/log.hpp"

namespace itnxt {

class DiskProblem {
 public:
  struct Words {
    std::string_view broken;  // what that means and what to do
    std::string_view mended;
  };

  DiskProblem(Log& log, std::string path, Words words)
      : log_(log), path_(std::move(path)), words_(words) {}

  // `now`: what is wrong by the last attempt, empty: nothing. True: it changed.
  bool note(const std::string& now) {
    if (now == problem_) return false;
    problem_ = now;
    if (now.empty()) {
      log_.notice(words_.mended, {{"path", path_}});
    } else {
      log_.error(words_.broken, {{"problem", now}});
    }
    return true;
  }

  [[nodiscard]] const std::string& text() const { return problem_; }

 private:
  Log& log_;
  const std::string path_;
  const Words words_;
  std::string problem_;
};

}  // namespace itnxt
