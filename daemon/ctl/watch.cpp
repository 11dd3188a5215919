#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>

#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

// The alternate screen without cursor, for as long as the object lives.
class Screen {
 public:
  explicit Screen(bool use) : use_(use) { enter(); }
  ~Screen() { leave(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  void enter() const { put("\x1b[?1049h\x1b[?25l"); }
  void leave() const { put("\x1b[?25h\x1b[?1049l"); }

 private:
  void put(const char* codes) const {
    if (!use_) return;
    std::fputs(codes, stdout);
    std::fflush(stdout);
  }
  const bool use_;
};

int start_timer(std::int64_t first_ms, std::int64_t interval_ms) {
  const auto spec_of = [](std::int64_t ms) { return timespec{ms / 1000, (ms % 1000) * 1'000'000}; };
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const itimerspec spec{spec_of(interval_ms), spec_of(first_ms)};
  timerfd_settime(timer, 0, &spec, nullptr);
  return timer;
}

int take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP}) sigaddset(&set, s);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Every line cut off clean, the rest of the screen wiped, no line end that would scroll.
std::string as_screen(const std::string& text) {
  std::string out = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  if (out.ends_with('\n')) out.pop_back();
  return out + "\x1b[J";
}

class Watching {
 public:
  Watching(Invocation& call, const Url& url)
      : call_(call),
        tty_(isatty(STDOUT_FILENO) == 1),
        signals_(take_signals()),
        tick_(start_timer(call.interval_ms, call.interval_ms)),
        end_(start_timer(call.for_ms, 0)),
        api_(url, signals_) {}

  void run() {
    if (!show(true)) return;  // a server that never answered is an error, not a live display
    const Screen screen(tty_);
    bool fresh = !tty_;
    while (fresh || show(false)) {
      fresh = false;
      if (!wait(screen)) return;
    }
  }

 private:
  // One frame. False when there is no use in going on.
  bool show(bool first) {
    winsize size{};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const std::size_t rows = tty_ && size.ws_row > 0 ? size.ws_row : 100'000U;
    Style style = style_of_stdout();
    if (tty_ && size.ws_col > 0) style.columns = size.ws_col;
    const auto status = api_.status();
    const auto links = status ? api_.get("links") : Error{status.error()};
    if (!links && signalled()) return true;  // interrupted: wait() reads why
    if (!links && (first || !tty_)) {
      fail(call_, kFailed, links.error());
      return !first;
    }
    if (tty_ && first) return true;
    call_.exit_code = 0;
    const std::string frame =
        links ? watch_frame(*status, *links, rows, style)
              : paint(cut(links.error(), style.columns.value_or(200)), Tone::bad, style) + "\n";
    return print(call_, tty_ ? as_screen(frame) : frame + "\n");
  }

  [[nodiscard]] bool signalled() const {
    pollfd fd{signals_, POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
  }

  // Until the next frame is due. False when it is time to end.
  bool wait(const Screen& screen) {
    std::array<pollfd, 3> fds = {pollfd{signals_, POLLIN, 0}, pollfd{tick_, POLLIN, 0},
                                 pollfd{end_, POLLIN, 0}};
    poll(fds.data(), fds.size(), -1);
    if (fds[2].revents != 0) return false;
    std::uint64_t ticks = 0;
    if (fds[1].revents != 0 && read(tick_, &ticks, sizeof ticks) < 0) return true;
    signalfd_siginfo info{};
    while (read(signals_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTSTP) {
        screen.leave();
        std::raise(SIGSTOP);
        screen.enter();
      } else if (info.ssi_signo != SIGWINCH) {
        return false;
      }
    }
    return true;
  }

  Invocation& call_;
  const bool tty_;
  const int signals_, tick_, end_;  // the process ends with the verb: the kernel closes them
  const Api api_;
};

}  // namespace

std::string watch_frame(const Json& status, const Json& links, std::size_t rows,
                        const Style& style) {
  const Style uncut{style.colour, std::nullopt};
  std::string text = status_head(status, style.columns ? Style{} : uncut);
  if (style.columns) {  // a coloured line cannot be cut by columns: the head is plain, but cut
    std::string cut_text;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      cut_text += cut(std::string_view(text).substr(at, end - at), *style.columns) + "\n";
      at = end + 1;
    }
    text = std::move(cut_text);
  }
  text += "\n" + links_table(worst_first(links), style);
  std::size_t line = 0;
  std::size_t at = 0;
  for (; at < text.size() && line + 1 < rows; ++line) at = text.find('\n', at) + 1;
  const auto left = std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), '\n');
  if (left <= 1) return text;  // the last row takes the last line
  return text.substr(0, at) + fmt::format("… {} more links, none worse: itnxtctl links\n", left);
}

void run_watch(Invocation& call) {
  auto url = parse_url(call.url);
  if (!url) return fail(call, kWrongUsage, "--url: " + url.error());
  Watching(call, *url).run();
}

}  // namespace itnxt::ctl
