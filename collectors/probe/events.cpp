#include "collectors/probe/events.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/core/text.hpp"

namespace itnxt::probe {
namespace {

constexpr std::size_t kMostUrl = 200;

std::string with(std::string text, const std::string& problem) {
  return problem.empty() ? text : std::move(text) + ": " + problem;
}

std::string why_text(Outcome why, const std::string& problem) {
  switch (why) {
    case Outcome::lost:
    case Outcome::unreachable:
    case Outcome::refused:
      return with("does not answer: " + std::string(name(why)), problem);
    case Outcome::wrong:
      return with("answers wrongly", problem);
    case Outcome::insecure:
      return with("answers, but is not to be trusted", problem);
    case Outcome::local:
      return with("is not probed: this host cannot", problem);
    case Outcome::unresolved:
      return with("is not probed: its name does not resolve", problem);
    case Outcome::pending:
    case Outcome::answered:
      break;  // no reasons
  }
  return "does not answer";
}

std::string what_text(const ProbeTarget& target) {
  const std::string where =
      target.type == ProbeType::http
          ? shown_url(target.url)
          : std::string(kProbeTypeNames[static_cast<std::size_t>(target.type)]) + " " +
                address_text(target);
  return target.name.text() + " (" + where + ")";
}

}  // namespace

Event to_event(const CollectorName& probe, const ProbeTarget& target, const Standing& standing,
               const std::string& problem, WallTime wall, SourceTime at,
               std::optional<Outcome> before) {
  const bool up = standing.verdict == Verdict::reachable;
  Event event;
  event.wall = wall;
  event.at = at;
  event.kind = up ? "target_reachable" : "target_unreachable";
  event.text = what_text(target) + " ";
  if (up) {
    event.text += "answers: " + std::to_string(standing.figures.received) + " of " +
                  std::to_string(standing.figures.sent) + " probes";
  } else {
    event.text += why_text(standing.why, problem);
  }
  if (before) event.text += " (before: " + std::string(name(*before)) + ")";
  event.details = {{"probe", probe.text()},
                   {"target", target.name.text()},
                   {"type", std::string(kProbeTypeNames[static_cast<std::size_t>(target.type)])},
                   {"address", address_text(target)}};
  if (target.type == ProbeType::http) event.details.emplace_back("url", shown_url(target.url));
  if (!target.site.empty()) event.details.emplace_back("site", target.site.text());
  if (!up) event.details.emplace_back("reason", name(standing.why));
  if (before) {
    event.details.emplace_back("reason_before", name(*before));
  } else {
    event.state = {"target " + target.name.text(), up};
  }
  return event;
}

void ToldReason::begin(Outcome why) {
  told_ = last_ = why;
  at_.reset();
}

std::optional<Outcome> ToldReason::changed(Outcome why, Instant now) {
  const bool agreed = std::exchange(last_, why) == why;
  if (why == told_) return std::nullopt;
  if (at_ && (!agreed || now - *at_ < kHold)) return std::nullopt;
  at_ = now;
  return std::exchange(told_, why);
}

std::string shown_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::string_view authority = url.substr(host, url.find('/', host) - host);
  const std::size_t user = authority.rfind('@');
  const std::size_t skipped = user == std::string_view::npos ? 0 : user + 1;
  return sanitize(std::string(url.substr(0, host)) + std::string(url.substr(host + skipped)),
                  kMostUrl);
}

std::string tls_problem(std::string_view said) {
  constexpr std::string_view kCode = ":SSL routines:";
  struct Word {
    std::string_view said, plain;
  };
  constexpr std::array kWords = {
      Word{"wrong version number", "no TLS is spoken there"},
      Word{"packet length too long", "no TLS is spoken there"},
      Word{"http request", "no TLS is spoken there"},
      Word{"unsupported protocol", "no version of TLS in common"},
      Word{"tlsv1 alert protocol version", "no version of TLS in common"},
      Word{"unexpected eof while reading", "it ends the connection instead of speaking TLS"},
  };
  const std::size_t code = said.find(kCode);
  if (code == std::string_view::npos) return sanitize(said);
  said.remove_prefix(code + kCode.size());
  while (said.starts_with(':')) said.remove_prefix(1);
  const auto word =
      std::ranges::find_if(kWords, [&](const Word& one) { return said.starts_with(one.said); });
  return word == kWords.end() ? "TLS: " + sanitize(said) : std::string(word->plain);
}

}  // namespace itnxt::probe
