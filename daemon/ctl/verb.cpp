#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "daemon/core/fd.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {

void fail(Invocation& call, int exit_code, std::string_view message) {
  fmt::print(stderr, "itnxtctl: {}\n", message);
  call.exit_code = exit_code;
}

Style style_of_stdout() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  Style style;
  style.colour = isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
                 term != nullptr && std::string_view(term) != "dumb";
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.columns = size.ws_col;
  return style;
}

bool print(Invocation& call, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return true;
  }
  fail(call, kFailed, fmt::format("the output cannot be written: {}", errno_text(errno)));
  return false;
}

void answer(Invocation& call, const std::vector<std::string_view>& names, const Render& render) {
  auto url = parse_url(call.url);
  if (!url) return fail(call, kWrongUsage, "--url: " + url.error());
  const Api api(std::move(*url));
  std::vector<Json> data;
  for (const std::string_view name : names) {
    auto got = name == "status" && !call.json ? api.status() : api.get(name);
    if (!got) return fail(call, kFailed, got.error());
    data.push_back(std::move(*got));
    if (call.json) break;
  }
  show(call, data, render);
}

void show(Invocation& call, const std::vector<Json>& data, const Render& render) {
  if (!call.json) {
    Style style = style_of_stdout();
    style.wraps = true;  // nothing that is wrong may be cut off
    print(call, render(data, style));
    return;
  }
  // JSON is data and goes out as it came, but a terminal would obey what hides in it: there,
  // everything beyond ASCII is escaped.
  const bool ascii = isatty(STDOUT_FILENO) == 1;
  print(call, data.front().dump(2, ' ', ascii) + "\n");
}

}  // namespace itnxt::ctl
