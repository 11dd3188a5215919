// Another process's view of one of our SQLite files: what the sqlite3 shell or a backup sees.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

namespace itnxt::test {

class SqliteReader {
 public:
  explicit SqliteReader(const std::string& path) {
    sqlite3* handle = nullptr;
    sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
    handle_.reset(handle);
  }
  // The first column of all rows, "a b c"; or what is wrong.
  std::string read(const std::string& sql) {
    std::string text;
    const auto row = [](void* all, int, char** values, char**) {
      std::string& to = *static_cast<std::string*>(all);
      if (!to.empty()) to += ' ';
      to += values[0] == nullptr ? "NULL" : values[0];
      return 0;
    };
    const bool fine = sqlite3_exec(handle_.get(), sql.c_str(), row, &text, nullptr) == SQLITE_OK;
    return fine ? text : sqlite3_errmsg(handle_.get());
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace itnxt::test
