// What in a configuration is a secret by its looks: by its key, misspelt too, or inside a URL. What
// is one by its place: hiding.hpp. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace itnxt {

// A key such as community, auth_password, secret; near misses such as "comunity" too.
[[nodiscard]] bool looks_secret(std::string_view key);

// `file`, `env`, `credential`: the keys of a reference to a secret, whose values may be shown.
[[nodiscard]] bool is_secret_reference(std::string_view key);

// A URL that carries user:password.
[[nodiscard]] bool has_user_info(std::string_view url);

// Where the part of a URL begins that may be a secret (the token in a webhook's path): behind
// SCHEME://HOST[:PORT] and the '/', '?' or '#' that follows. Its size when there is none.
[[nodiscard]] std::size_t url_tail(std::string_view url);

// The same for the first http or https URL that stands anywhere in `text`.
[[nodiscard]] std::size_t web_url_tail(std::string_view text);

// The key of a URL; what stands there without a scheme is a URL all the same.
[[nodiscard]] bool is_url_key(std::string_view key);

// A text in which a secret seems to stand, such as "community: x": not to be quoted in a message.
[[nodiscard]] bool mentions_secret(std::string_view text);

// Where the value of the next key that looks secret begins, judged by the letters alone; npos when
// none follows.
[[nodiscard]] std::size_t secret_by_looks(std::string_view line, std::size_t from);

}  // namespace itnxt
