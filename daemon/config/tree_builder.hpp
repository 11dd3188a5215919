// Builds the tree of a document from a parser's events. Depth and size are checked while it parses,
// so that the parser's recursion stays shallow and nothing is built that is not wanted. Offsets are
// bytes of the source; what must not be shown goes to its masks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/document.hpp"
#include "daemon/config/hiding.hpp"

namespace itnxt {

class TreeBuilder {
 public:
  struct Stop {};  // thrown through the parser to end a parse whose problem is already told
  using AnchorId = std::size_t;
  static constexpr AnchorId kNoAnchor = 0;

  // What every node has. `tag`: "!" for what is quoted, "?" or "" for what is not.
  struct Node {
    std::size_t at;
    std::string_view tag;
    AnchorId anchor = kNoAnchor;
  };

  TreeBuilder(SourceText& source, DocumentArena& arena, Problems& problems)
      : source_(source), arena_(arena), problems_(problems) {}

  void document_start(std::size_t at);
  void null(const Node& node);
  void alias(std::size_t at, AnchorId id);
  void scalar(const Node& node, std::string_view text);
  void begin(Value::Kind kind, const Node& node, bool flow);
  void end_list() { end(); }
  void end_map() {
    check_keys();
    end();
  }

  [[nodiscard]] const Value* root() const { return root_; }
  [[nodiscard]] std::size_t last_event() const { return last_event_; }
  // Where the innermost {} or [] that is still open begins.
  [[nodiscard]] std::optional<std::size_t> bracket() const {
    if (frames_.empty() || !frames_.back().flow) return std::nullopt;
    return frames_.back().self->at;
  }

 private:
  struct Frame {
    Value* self;
    std::size_t first;   // its items begin here in items_
    std::size_t values;  // of the whole subtree, aliases in full
    std::size_t height;
    AnchorId anchor;
    bool flow;
    Hiding::Context context;
    std::optional<std::size_t> key_mask;  // of a key that is a secret if it bears no value
  };
  struct Anchor {
    const Value* value = nullptr;  // null while it is being built
    std::size_t values = 1;
    std::size_t height = 0;
    std::size_t first_scalar = 0;  // handles of the scalars in it, see Masks
    std::size_t last_scalar = 0;
    Hiding::Area area = Hiding::Area::none;
  };

  [[noreturn]] void fail(std::size_t at, std::string message);
  [[noreturn]] void fail_budget(std::size_t at);
  std::size_t event(std::size_t at);
  Value* create(Value::Kind kind, std::size_t at);
  void append(const Value* value, std::size_t values, std::size_t height);
  void end();
  void check_tag(std::size_t at, std::string_view tag);
  void check_keys();
  void check_quote(std::size_t at);
  void mask(const Value& value, const Hiding::Slot& slot, AnchorId id);
  // A list, map or alias stands where a secret is due: its scalars are hidden one by one.
  void mask_begin(std::size_t at);
  [[nodiscard]] std::size_t place_of_nothing(std::size_t at) const;
  [[nodiscard]] bool expects_key() const {
    return !frames_.empty() && frames_.back().self->is_map() &&
           (items_.size() - frames_.back().first) % 2 == 0;
  }
  [[nodiscard]] Hiding::Slot slot() const;
  Anchor& anchor(AnchorId id) {
    if (anchors_.size() <= id) anchors_.resize(id + 1);
    return anchors_[id];
  }

  SourceText& source_;
  DocumentArena& arena_;
  Problems& problems_;
  Hiding hiding_;
  const Value* root_ = nullptr;
  std::size_t documents_ = 0;
  std::size_t last_event_ = 0;
  std::size_t scalars_ = 0;  // how many were opened in the masks
  std::vector<Frame> frames_;
  std::vector<const Value*> items_;  // of all open frames, one behind the other
  std::vector<Anchor> anchors_;      // by the parser's number
  std::size_t open_anchors_ = 0;
};

}  // namespace itnxt
