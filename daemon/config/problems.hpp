// Collects what is wrong, wherever it is found, so that one run reports everything.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "daemon/config/document.hpp"
#include "daemon/config/issue.hpp"
#include "daemon/config/source_text.hpp"

namespace itnxt {

class Problems {
 public:
  // More are counted, not kept: a hostile file must not make gigabytes of messages.
  static constexpr std::size_t kMost = 1000;

  void error(const SourceText& source, std::size_t offset, std::string message);
  void warning(const SourceText& source, std::size_t offset, std::string message);
  void error(const Value& at, std::string message) { error(*at.source, at.at, std::move(message)); }
  void warning(const Value& at, std::string message) {
    warning(*at.source, at.at, std::move(message));
  }

  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] bool full() const { return found_.size() >= kMost; }

  // Ordered by file (main file first), line and column; each once.
  [[nodiscard]] std::vector<Issue> finish();

 private:
  struct Found {
    const SourceText* source;
    std::size_t offset;
    std::string message;
    bool warning;
  };
  void add(Found found);

  std::vector<Found> found_;
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace itnxt
