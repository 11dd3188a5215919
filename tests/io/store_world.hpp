// A store in a directory of its own, on the real loop.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/io/store.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {

struct World {
  TempDir dir;
  PollLoop loop;
  RecordingLog log;
  std::string state = dir.path() + "/a/state";

  Result<Store::Opened> open(std::int64_t max_pages = 0) {
    StoreFile::Options options;
    options.directory = state;
    options.max_pages = max_pages;
    return Store::open(loop, log, std::move(options));
  }
  // Commits and says whether it is on the disk.
  bool commit(Store& store, StoreChanges changes) {
    std::optional<bool> result;
    store.commit(std::move(changes), [&](bool durable) { result = durable; });
    EXPECT_TRUE(run_until(loop, [&] { return result.has_value(); }));
    return result.value_or(false);
  }
  std::vector<std::string> stored() {
    auto opened = open();
    if (!opened) return {opened.error()};
    std::vector<std::string> rows;
    for (const StoreRow& row : opened->rows) rows.push_back(row.key + '=' + row.body);
    return rows;
  }
};

inline StoreChanges put(const std::string& key, const std::string& body) {
  return {{{"alert", key}, body}};
}

inline mode_t mode(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
}

}  // namespace itnxt::test
