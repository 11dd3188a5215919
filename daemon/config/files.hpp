// The files of one load: read, parsed, and what `include` names merged in. Internal to this folder.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/config/document.hpp"
#include "daemon/config/problems.hpp"
#include "daemon/config/source_text.hpp"

namespace itnxt {

class Files {
 public:
  explicit Files(Problems& problems) : problems_(problems) {}

  // The main file and its includes as one tree. Null when a file cannot be read to its end.
  const Value* load(const std::filesystem::path& file);
  // The same for a text; `include` is checked only.
  const Value* load_text(std::string name, std::string text);
  // A further file, a tree of its own, that the value at `at` asks for. Null when it cannot be read
  // or is empty; reported.
  const Value* load_more(const Value& at, const std::filesystem::path& file);

 private:
  const Value* parse_main(SourceText& source);
  // The include patterns of the main file; reports what is none.
  std::vector<const Value*> patterns(const Value& root);
  void expand(const Value& pattern, std::vector<std::filesystem::path>& files);
  bool include(const Value& pattern, const std::filesystem::path& file,
               std::vector<const Value*>& roots);
  const Value* merge(const std::vector<const Value*>& same);
  const Value* merge_maps(const std::vector<const Value*>& maps);
  Value* create(const Value& like);

  Problems& problems_;
  std::deque<SourceText> sources_;
  DocumentArena arena_;
  std::size_t bytes_ = 0;
};

}  // namespace itnxt
