// A blocking HTTP/1.1 GET of an operator's tool: one request a connection, bounded in time and
// size. Not notify's client: that one drives libcurl beside a loop, this tool has neither.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"
#include "daemon/ctl/http_response.hpp"
#include "daemon/ctl/url.hpp"

namespace itnxt::ctl {

struct HttpLimits {
  Duration timeout = 5s;  // of the whole: the name's resolution, a trickling answer
  std::size_t max_body = std::size_t{64} << 20U;
};

// Asks for `path` (beginning with '/') under `url`. `cancel`: an fd whose readability ends the
// wait; -1 for none. Errors are whole sentences: what, where, what to do.
Result<HttpResponse> http_get(const Url& url, std::string_view path, const HttpLimits& limits = {},
                              int cancel = -1);

}  // namespace itnxt::ctl
