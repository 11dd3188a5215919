// Which parts of a configuration text no message may show: values of keys that hold secrets, even
// where they stand by mistake, under a misspelt key or in a file that does not parse.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace itnxt {

// A key such as community, auth_password, secret; near misses such as "comunity" too.
[[nodiscard]] bool looks_secret(std::string_view key);

// `file`, `env`, `credential`: the keys of a reference to a secret, whose values may be shown.
[[nodiscard]] bool is_secret_reference(std::string_view key);

// A URL that carries user:password.
[[nodiscard]] bool has_user_info(std::string_view url);

// A text in which a secret seems to stand, such as "community: x": not to be quoted in a message.
[[nodiscard]] bool mentions_secret(std::string_view text);

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
  // What follows the last opened scalar begins at `limit`.
  void close(std::size_t limit);
  void mark_secret(std::size_t handle) { scalars_[handle].secret = true; }
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
