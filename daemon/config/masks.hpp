// Which parts of a configuration text no message may show: values of keys that hold secrets, even
// where they stand by mistake, under a misspelt key or in a file that does not parse.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace itnxt {

struct Mask {
  std::size_t begin;
  std::size_t end;
};

// Secret scalars of one text, and lists and maps of secrets, by where they begin. Their end is
// found when a line is printed.
class Masks {
 public:
  // A scalar begins at `begin`; `flow` inside {} or []. Called in the order of the text. Returns a
  // handle for mark_secret().
  std::size_t open(std::size_t begin, bool flow, bool secret);
  // Of the secret scalar just opened the first `bytes` may be shown; `one_line`: it has no other.
  void show_front(std::size_t bytes, bool one_line) {
    scalars_.back().shown = bytes;
    scalars_.back().one_line = one_line;
  }
  // What follows the last opened scalar begins at `limit`.
  void close(std::size_t limit);
  void mark_secret(std::size_t handle) {
    scalars_[handle].secret = true;
    scalars_[handle].shown = 0;
  }
  // The text did not parse to its end: what was found in it is not all.
  void text_is_broken() { broken_ = true; }

  // The parts of the line [begin, end) of `text` to hide, disjoint and in order.
  [[nodiscard]] std::vector<Mask> on_line(std::string_view text, std::size_t begin,
                                          std::size_t end) const;

 private:
  struct Scalar {
    std::size_t begin;
    std::size_t limit;  // where the next thing begins
    bool flow;
    bool secret;
    std::size_t shown = 0;  // bytes at its front that may be printed
    bool one_line = false;  // what follows on the next line does not belong to it
  };
  std::vector<Scalar> scalars_;
  bool open_ = false;
  bool broken_ = false;
};

// The quote that closes the one at `begin`, before `end`; npos when there is none.
[[nodiscard]] std::size_t closing_quote(std::string_view text, std::size_t begin, std::size_t end);

// Where the scalar that begins at `begin` ends within its line (at most `end`).
[[nodiscard]] std::size_t scalar_end(std::string_view text, std::size_t begin, std::size_t end,
                                     bool flow);

}  // namespace itnxt
