#include "daemon/config/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <string>
#include <utility>

#include "daemon/config/problems.hpp"
#include "daemon/config/tree_builder.hpp"
#include "daemon/config/yaml_fault.hpp"

namespace itnxt {
namespace {

// yaml-cpp's events, taken instead of its nodes: see TreeBuilder.
class Events final : public YAML::EventHandler {
 public:
  explicit Events(TreeBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override { builder_.document_start(place(mark)); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.null({place(mark), {}, anchor});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.alias(place(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    builder_.scalar({place(mark), tag, anchor}, text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    builder_.begin(Value::Kind::list, {place(mark), tag, anchor}, is_flow(style));
  }
  void OnSequenceEnd() override { builder_.end_list(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    builder_.begin(Value::Kind::map, {place(mark), tag, anchor}, is_flow(style));
  }
  void OnMapEnd() override { builder_.end_map(); }

 private:
  static_assert(YAML::NullAnchor == TreeBuilder::kNoAnchor);
  static std::size_t place(const YAML::Mark& mark) { return static_cast<std::size_t>(mark.pos); }
  static bool is_flow(YAML::EmitterStyle::value style) { return style == YAML::EmitterStyle::Flow; }
  TreeBuilder& builder_;
};

// Reads a text that somebody else owns.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf has no const form; only read
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

std::span<const Value* const> keep(DocumentArena& arena, std::span<const Value* const> items) {
  if (items.empty()) return {};
  auto* copy =
      static_cast<const Value**>(arena.memory.allocate(items.size_bytes(), alignof(const Value*)));
  std::copy(items.begin(), items.end(), copy);
  return {copy, items.size()};
}

ParsedDocument parse_document(SourceText& source, DocumentArena& arena, Problems& problems) {
  if (source.text().size() > kMaxFileBytes) {
    source.masks().text_is_broken();
    problems.error(source, 0,
                   fmt::format("the file has {} bytes; expected at most {}", source.text().size(),
                               kMaxFileBytes));
    return {};
  }
  if (const auto fault = find_text_fault(source.text())) {
    source.masks().text_is_broken();
    problems.error(source, fault->offset, fault->message);
    return {};
  }
  TreeBuilder builder(source, arena, problems);
  Events events(builder);
  try {
    ViewBuffer buffer(source.text());
    std::istream in(&buffer);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(events)) {
    }
    return {true, builder.root()};
  } catch (const YAML::Exception& fault) {
    // Its line and column are sometimes zero, its offset is always right.
    const auto at = static_cast<std::size_t>(std::max(0, fault.mark.pos));
    TextFault found =
        explain_yaml_fault(fault.msg, at, source.text(), builder.last_event(), builder.bracket());
    problems.error(source, found.offset, std::move(found.message));
  } catch (const TreeBuilder::Stop&) {
  }
  source.masks().text_is_broken();
  return {};
}

}  // namespace itnxt
