#include "daemon/config/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstring>
#include <istream>
#include <new>
#include <optional>
#include <streambuf>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/config/problems.hpp"
#include "daemon/config/redact.hpp"
#include "daemon/config/yaml_fault.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

struct Stop {};  // thrown through yaml-cpp to end a parse whose problem is already told

// Builds the tree from yaml-cpp's events. Events instead of its nodes: depth and size are checked
// while it parses, so that its recursion stays shallow and nothing is built that is not wanted.
class Builder final : public YAML::EventHandler {
 public:
  Builder(SourceText& source, DocumentArena& arena, Problems& problems)
      : source_(source), arena_(arena), problems_(problems) {}

  [[nodiscard]] const Value* root() const { return root_; }
  [[nodiscard]] std::size_t last_event() const { return last_event_; }
  // Where the innermost {} or [] that is still open begins.
  [[nodiscard]] std::optional<std::size_t> bracket() const {
    if (frames_.empty() || !frames_.back().flow) return std::nullopt;
    return frames_.back().self->at;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const auto at = static_cast<std::size_t>(mark.pos);
    const bool dashes = source_.text().substr(at).starts_with("---");
    fail(at, dashes ? "a second document begins here; expected one document in a file"
                    : "text behind the end of the document; check the indentation, and the space "
                      "after '-'");
  }
  void OnDocumentEnd() override { source_.masks().close(source_.text().size()); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin(Value::Kind::list, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    begin(Value::Kind::map, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnMapEnd() override {
    check_keys();
    end();
  }

 private:
  struct Frame {
    Value* self;
    std::size_t first;   // its items begin here in items_
    std::size_t values;  // of the whole subtree, aliases in full
    std::size_t height;
    YAML::anchor_t anchor;
    bool flow;
    bool secret;  // everything in it belongs to a key that holds a secret
    bool url;     // it stands under a key of URLs
  };
  struct Anchor {
    const Value* value = nullptr;  // null while it is being built
    std::size_t values = 1;
    std::size_t height = 0;
    std::size_t first_scalar = 0;  // handles of the scalars in it, see Masks
    std::size_t last_scalar = 0;
  };

  [[noreturn]] void fail(std::size_t at, std::string message) {
    problems_.error(source_, at, std::move(message));
    throw Stop{};
  }
  std::size_t event(const YAML::Mark& mark) {
    last_event_ = std::min(static_cast<std::size_t>(mark.pos), source_.text().size());
    source_.masks().close(last_event_);
    return last_event_;
  }
  Value* create(Value::Kind kind, std::size_t at) {
    if (arena_.values_left == 0) fail_budget(at);
    --arena_.values_left;
    return new (arena_.memory.allocate(sizeof(Value), alignof(Value)))
        Value{kind, false, static_cast<std::uint32_t>(at), &source_, {}, {}};
  }
  [[noreturn]] void fail_budget(std::size_t at) {
    fail(at, fmt::format("more than {} values, aliases counted in full; split the network over "
                         "several aggregators",
                         kMaxValues));
  }
  [[nodiscard]] bool expects_key() const {
    return !frames_.empty() && frames_.back().self->is_map() &&
           (items_.size() - frames_.back().first) % 2 == 0;
  }
  void begin(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor, bool flow);
  void end();
  void append(const Value* value, std::size_t values, std::size_t height);
  void check_tag(std::size_t at, const std::string& tag);
  void check_keys();
  void check_quote(std::size_t at);
  // A list, map or alias stands where a secret is due: its scalars are hidden one by one.
  void note_secret(std::size_t at) {
    scalars_ = source_.masks().open(at, false, false) + 1;
    source_.masks().close(at);
  }
  [[nodiscard]] bool is_secret(std::string_view text);
  // How many bytes of a scalar's source may be shown before the secret tail of the URL in it; 0:
  // it is not written as it reads, hide it all. Nothing when it is no URL with a tail.
  [[nodiscard]] std::optional<std::size_t> shown_of_url(std::string_view text,
                                                        std::size_t at) const;
  [[nodiscard]] bool is_below_url_key() const {
    if (frames_.empty() || expects_key()) return false;
    const Frame& frame = frames_.back();
    return frame.url || (frame.self->is_map() && is_url_key(items_.back()->text));
  }
  [[nodiscard]] std::size_t place_of_nothing(std::size_t at) const;
  Anchor& anchor(YAML::anchor_t id) {
    if (anchors_.size() <= id) anchors_.resize(id + 1);
    return anchors_[id];
  }

  SourceText& source_;
  DocumentArena& arena_;
  Problems& problems_;
  const Value* root_ = nullptr;
  std::size_t documents_ = 0;
  std::size_t last_event_ = 0;
  std::size_t scalars_ = 0;  // how many were opened in the masks
  std::vector<Frame> frames_;
  std::vector<const Value*> items_;  // of all open frames, one behind the other
  std::vector<Anchor> anchors_;      // by yaml-cpp's number
  std::size_t open_anchors_ = 0;
  std::unordered_map<std::string_view, bool> secret_keys_;  // what looks_secret() said
};

// A scalar is secret under a key that looks so; within such a value everything is but the
// references {file: …}, {env: …} and {credential: …}.
bool Builder::is_secret(std::string_view text) {
  if (has_user_info(text)) return true;
  if (frames_.empty()) return false;
  const Frame& frame = frames_.back();
  if (!frame.self->is_map()) return frame.secret;
  if (expects_key()) return frame.secret && !is_secret_reference(text);
  const Value& key = *items_.back();
  if (frame.secret) return !is_secret_reference(key.text);
  const auto [entry, is_new] = secret_keys_.try_emplace(key.text, false);
  if (is_new) entry->second = looks_secret(key.text);
  return entry->second;
}

std::optional<std::size_t> Builder::shown_of_url(std::string_view text, std::size_t at) const {
  if (text.find_first_of("/?#\\") == std::string_view::npos) return std::nullopt;  // quick
  const std::size_t tail = is_below_url_key() ? url_tail(text) : web_url_tail(text);
  if (tail >= text.size()) return std::nullopt;
  const std::string_view written = source_.text().substr(at);
  const std::size_t quote = written.starts_with('"') || written.starts_with('\'') ? 1 : 0;
  const bool as_it_reads = written.substr(quote).starts_with(text.substr(0, tail));
  return as_it_reads ? quote + tail : 0;
}

// yaml-cpp gives a value that is not there the place of whatever follows. Ours is that of the key
// or of the dash of the list.
std::size_t Builder::place_of_nothing(std::size_t at) const {
  const std::string_view text = source_.text();
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (text.substr(at).starts_with(word) && !frames_.empty() && !expects_key()) {
      const std::string_view after = text.substr(at + word.size());
      if (after.empty() || std::string_view(" \t\r\n,]}#").find(after[0]) != std::string_view::npos)
        return at;
    }
  }
  if (frames_.empty()) return at;
  const Frame& frame = frames_.back();
  if (frame.self->is_map() && !expects_key()) return items_.back()->at;
  if (frame.self->is_map() || frame.flow) return at;
  const std::size_t newline = text.rfind('\n', frame.self->at);
  const std::size_t column = frame.self->at - (newline == std::string_view::npos ? 0 : newline + 1);
  for (std::size_t end = at; end > frame.self->at;) {  // the nearest dash of this list above
    const std::size_t before = text.rfind('\n', end - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::size_t dash = begin + column;
    const bool is_dash = dash < end && text[dash] == '-' &&
                         text.substr(begin, column).find('#') == std::string_view::npos;
    if (is_dash) return dash;
    if (before == std::string_view::npos) break;
    end = before;
  }
  return frame.self->at;
}

void Builder::check_tag(std::size_t at, const std::string& tag) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  problems_.error(source_, at, "a tag ('!…') has no meaning here; expected the plain value");
}

// yaml-cpp takes the end of the file for the missing quote when a line break stands before it.
void Builder::check_quote(std::size_t at) {
  const std::string_view text = source_.text();
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {  // anchor, tag
    at = std::min(text.find_first_of(" \t\r\n", at), text.size());
    at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return;
  if (closing_quote(text, at, text.size()) == std::string_view::npos) fail(at, kOpenQuote);
}

void Builder::append(const Value* value, std::size_t values, std::size_t height) {
  if (frames_.empty()) {
    root_ = value;
    return;
  }
  frames_.back().values += values;
  frames_.back().height = std::max(frames_.back().height, height + 1);
  items_.push_back(value);
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t id) {
  const std::size_t at = event(mark);
  Value* value = create(Value::Kind::null, at);
  value->at = static_cast<std::uint32_t>(place_of_nothing(at));
  if (id != YAML::NullAnchor) anchor(id).value = value;
  append(value, 1, 0);
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t id,
                       const std::string& text) {
  const std::size_t at = event(mark);
  check_tag(at, tag);
  if (tag == "!") check_quote(at);
  Value* value = create(Value::Kind::scalar, at);
  value->quoted = tag == "!";
  auto* copy = static_cast<char*>(arena_.memory.allocate(std::max<std::size_t>(1, text.size()), 1));
  std::memcpy(copy, text.data(), text.size());
  value->text = {copy, text.size()};
  const bool hidden = is_secret(value->text);
  const auto front = hidden ? std::nullopt : shown_of_url(value->text, at);
  const bool secret = hidden || front;
  const bool flow = !frames_.empty() && frames_.back().flow;
  if (secret || id != YAML::NullAnchor || open_anchors_ > 0) {
    scalars_ = source_.masks().open(at, flow, secret) + 1;
    if (front) {  // a folded line break reads as a space, an escaped one as nothing
      const std::string_view line = source_.text().substr(at, source_.text().find('\n', at) - at);
      const bool open_quote =
          line.starts_with('"') && closing_quote(line, 0, line.size()) == std::string_view::npos;
      source_.masks().show_front(*front,
                                 !open_quote && text.find_first_of(" \n") == std::string::npos);
    }
  }
  if (id != YAML::NullAnchor) anchor(id) = {value, 1, 0, scalars_ - 1, scalars_};
  append(value, 1, 0);
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t id) {
  const std::size_t at = event(mark);
  const Anchor target = anchor(id);
  if (target.value == nullptr) fail(at, "this alias stands inside what it names");
  if (target.values > arena_.values_left) fail_budget(at);
  if (frames_.size() + target.height > kMaxDepth) {
    fail(at, fmt::format("nested more than {} deep by this alias", kMaxDepth));
  }
  arena_.values_left -= target.values;
  if (is_secret({})) {  // written down elsewhere, but a secret all the same
    note_secret(at);
    for (std::size_t i = target.first_scalar; i < target.last_scalar; ++i) {
      source_.masks().mark_secret(i);
    }
  }
  append(target.value, target.values, target.height);
}

void Builder::begin(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
                    YAML::anchor_t id, bool flow) {
  const std::size_t at = event(mark);
  check_tag(at, tag);
  if (frames_.size() >= kMaxDepth) fail(at, fmt::format("nested more than {} deep", kMaxDepth));
  const bool in_flow = flow || (!frames_.empty() && frames_.back().flow);
  const bool secret = is_secret({});
  const bool url = is_below_url_key();
  if (secret) note_secret(at);
  Value* self = create(kind, at);
  if (id != YAML::NullAnchor) {
    anchor(id) = {nullptr, 1, 0, scalars_, scalars_};
    ++open_anchors_;
  }
  frames_.push_back({self, items_.size(), 1, 1, id, in_flow, secret, url});
}

void Builder::end() {
  const Frame frame = frames_.back();
  frames_.pop_back();
  frame.self->items = keep(arena_, std::span(items_).subspan(frame.first));
  items_.resize(frame.first);
  if (frame.anchor != YAML::NullAnchor) {
    Anchor& a = anchor(frame.anchor);
    a.value = frame.self;
    a.values = frame.values;
    a.height = frame.height;
    a.last_scalar = scalars_;
    --open_anchors_;
  }
  append(frame.self, frame.values, frame.height);
}

void Builder::check_keys() {
  const auto items = std::span<const Value* const>(items_).subspan(frames_.back().first);
  const bool secret = frames_.back().secret;
  std::unordered_map<std::string_view, const Value*> seen;
  if (items.size() > 32) seen.reserve(items.size() / 2);
  const auto find = [&](std::size_t end, std::string_view text) -> const Value* {
    if (items.size() > 32) {
      const auto [entry, is_new] = seen.try_emplace(text, items[end]);
      return is_new ? nullptr : entry->second;
    }
    for (std::size_t i = 0; i < end; i += 2) {
      if (items[i]->is_scalar() && items[i]->text == text) return items[i];
    }
    return nullptr;
  };
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const Value& key = *items[i];
    if (!key.is_scalar()) {
      problems_.error(source_, key.at, "a key must be a plain word; expected KEY: VALUE");
    } else if (const Value* first = find(i, key.text)) {
      if (problems_.full()) {  // only counted: spare the words
        problems_.error(source_, key.at, {});
        continue;
      }
      const bool hide =
          secret || has_user_info(key.text) || web_url_tail(key.text) < key.text.size();
      problems_.error(
          source_, key.at,
          fmt::format("key {}is given twice; it stands first at {}",
                      hide ? "" : "'" + sanitize(key.text, 64) + "' ", source_.where(first->at)));
    }
  }
}

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
  Builder builder(source, arena, problems);
  try {
    ViewBuffer buffer(source.text());
    std::istream in(&buffer);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    return {true, builder.root()};
  } catch (const YAML::Exception& fault) {
    // Its line and column are sometimes zero, its offset is always right.
    const auto at = static_cast<std::size_t>(std::max(0, fault.mark.pos));
    TextFault found =
        explain_yaml_fault(fault.msg, at, source.text(), builder.last_event(), builder.bracket());
    problems.error(source, found.offset, std::move(found.message));
  } catch (const Stop&) {
  }
  source.masks().text_is_broken();
  return {};
}

}  // namespace itnxt
