#include "daemon/config/tree_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <unordered_map>
#include <utility>

#include "daemon/config/problems.hpp"
#include "daemon/config/redact.hpp"
#include "daemon/config/yaml_fault.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {

void TreeBuilder::fail(std::size_t at, std::string message) {
  problems_.error(source_, at, std::move(message));
  throw Stop{};
}

void TreeBuilder::fail_budget(std::size_t at) {
  fail(at, fmt::format("more than {} values, aliases counted in full; split the network over "
                       "several aggregators",
                       kMaxValues));
}

std::size_t TreeBuilder::event(std::size_t at) {
  last_event_ = std::min(at, source_.text().size());
  source_.masks().close(last_event_);
  return last_event_;
}

Value* TreeBuilder::create(Value::Kind kind, std::size_t at) {
  if (arena_.values_left == 0) fail_budget(at);
  --arena_.values_left;
  return new (arena_.memory.allocate(sizeof(Value), alignof(Value)))
      Value{kind, false, static_cast<std::uint32_t>(at), &source_, {}, {}};
}

Hiding::Slot TreeBuilder::slot() const {
  if (frames_.empty()) return {};
  Hiding::Slot slot{&frames_.back().context, expects_key(), {}};
  if (frames_.back().self->is_map() && !slot.is_key) slot.key = items_.back()->text;
  return slot;
}

void TreeBuilder::document_start(std::size_t at) {
  if (documents_++ == 0) return;
  event(at);
  const bool dashes = source_.text().substr(at).starts_with("---");
  fail(at, dashes ? "a second document begins here; expected one document in a file"
                  : "text behind the end of the document; check the indentation, and the space "
                    "after '-'");
}

// The parser gives a value that is not there the place of whatever follows. Ours is that of the key
// or of the dash of the list.
std::size_t TreeBuilder::place_of_nothing(std::size_t at) const {
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

void TreeBuilder::check_tag(std::size_t at, std::string_view tag) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  problems_.error(source_, at, "a tag ('!…') has no meaning here; expected the plain value");
}

// The parser takes the end of the file for the missing quote when a line break stands before it.
void TreeBuilder::check_quote(std::size_t at) {
  const std::string_view text = source_.text();
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {  // anchor, tag
    at = std::min(text.find_first_of(" \t\r\n", at), text.size());
    at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return;
  if (closing_quote(text, at, text.size()) == std::string_view::npos) fail(at, kOpenQuote);
}

void TreeBuilder::append(const Value* value, std::size_t values, std::size_t height) {
  if (frames_.empty()) {
    root_ = value;
    return;
  }
  frames_.back().values += values;
  frames_.back().height = std::max(frames_.back().height, height + 1);
  items_.push_back(value);
}

void TreeBuilder::null(const Node& node) {
  const std::size_t at = event(node.at);
  Value* value = create(Value::Kind::null, at);
  value->at = static_cast<std::uint32_t>(place_of_nothing(at));
  if (!frames_.empty() && frames_.back().key_mask) {
    const Frame& frame = frames_.back();
    if (Hiding::hides_lone_key(frame.context, frame.flow)) {
      source_.masks().mark_secret(*frame.key_mask);
    }
  }
  if (node.anchor != kNoAnchor) anchor(node.anchor).value = value;
  append(value, 1, 0);
}

void TreeBuilder::scalar(const Node& node, std::string_view text) {
  const std::size_t at = event(node.at);
  check_tag(at, node.tag);
  if (node.tag == "!") check_quote(at);
  Value* value = create(Value::Kind::scalar, at);
  value->quoted = node.tag == "!";
  auto* copy = static_cast<char*>(arena_.memory.allocate(std::max<std::size_t>(1, text.size()), 1));
  std::memcpy(copy, text.data(), text.size());
  value->text = {copy, text.size()};
  mask(*value, slot(), node.anchor);
  if (node.anchor != kNoAnchor) anchor(node.anchor) = {value, 1, 0, scalars_ - 1, scalars_, {}};
  append(value, 1, 0);
}

void TreeBuilder::mask(const Value& value, const Hiding::Slot& slot, AnchorId id) {
  const std::size_t at = value.at;
  const std::string_view written = source_.text().substr(at);
  const bool hidden = hiding_.hides(slot, value.text);
  const auto front = hidden ? std::nullopt : Hiding::shown_of_url(slot, value.text, written);
  const bool secret = hidden || front;
  const bool flow = !frames_.empty() && frames_.back().flow;
  const bool lone_key = slot.is_key && Hiding::hides_lone_key(*slot.in, flow);
  if (!frames_.empty()) frames_.back().key_mask.reset();
  if (!secret && !lone_key && id == kNoAnchor && open_anchors_ == 0) return;
  scalars_ = source_.masks().open(at, flow, secret) + 1;
  if (lone_key) frames_.back().key_mask = scalars_ - 1;
  if (!front) return;
  // A folded line break reads as a space, an escaped one as nothing.
  const std::string_view line = written.substr(0, written.find('\n'));
  const bool open_quote =
      line.starts_with('"') && closing_quote(line, 0, line.size()) == std::string_view::npos;
  source_.masks().show_front(
      *front, !open_quote && value.text.find_first_of(" \n") == std::string_view::npos);
}

void TreeBuilder::mask_begin(std::size_t at) {
  scalars_ = source_.masks().open(at, false, false) + 1;
  source_.masks().close(at);
}

void TreeBuilder::alias(std::size_t place, AnchorId id) {
  const std::size_t at = event(place);
  const Anchor target = anchor(id);
  if (target.value == nullptr) fail(at, "this alias stands inside what it names");
  if (target.values > arena_.values_left) fail_budget(at);
  if (frames_.size() + target.height > kMaxDepth) {
    fail(at, fmt::format("nested more than {} deep by this alias", kMaxDepth));
  }
  arena_.values_left -= target.values;
  // Written down elsewhere, but a secret all the same.
  if (hiding_.hides_alias(slot(), target.value->is_map(), target.area)) {
    mask_begin(at);
    for (std::size_t i = target.first_scalar; i < target.last_scalar; ++i) {
      source_.masks().mark_secret(i);
    }
  }
  append(target.value, target.values, target.height);
}

void TreeBuilder::begin(Value::Kind kind, const Node& node, bool flow) {
  const std::size_t at = event(node.at);
  check_tag(at, node.tag);
  if (frames_.size() >= kMaxDepth) fail(at, fmt::format("nested more than {} deep", kMaxDepth));
  const bool in_flow = flow || (!frames_.empty() && frames_.back().flow);
  const Hiding::Context context = hiding_.enter(slot(), kind == Value::Kind::map);
  if (context.secret) mask_begin(at);
  Value* self = create(kind, at);
  if (node.anchor != kNoAnchor) {
    anchor(node.anchor) = {nullptr, 1, 0, scalars_, scalars_, context.area};
    ++open_anchors_;
  }
  frames_.push_back({self, items_.size(), 1, 1, node.anchor, in_flow, context, {}});
}

void TreeBuilder::end() {
  const Frame frame = frames_.back();
  frames_.pop_back();
  frame.self->items = keep(arena_, std::span(items_).subspan(frame.first));
  items_.resize(frame.first);
  if (frame.anchor != kNoAnchor) {
    Anchor& a = anchor(frame.anchor);
    a.value = frame.self;
    a.values = frame.values;
    a.height = frame.height;
    a.last_scalar = scalars_;
    --open_anchors_;
  }
  append(frame.self, frame.values, frame.height);
}

void TreeBuilder::check_keys() {
  const auto items = std::span<const Value* const>(items_).subspan(frames_.back().first);
  const Hiding::Context& context = frames_.back().context;
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
          context.secret ||
          (items[i + 1]->is_null() && Hiding::hides_lone_key(context, frames_.back().flow)) ||
          has_user_info(key.text) || web_url_tail(key.text) < key.text.size();
      problems_.error(
          source_, key.at,
          fmt::format("key {}is given twice; it stands first at {}",
                      hide ? "" : "'" + sanitize(key.text, 64) + "' ", source_.where(first->at)));
    }
  }
}

}  // namespace itnxt
