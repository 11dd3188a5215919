#include "daemon/ctl/http_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/core/text.hpp"

namespace itnxt::ctl {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} << 10U;

Error too_large(std::size_t max_body) {
  return Error{fmt::format("is larger than {} bytes", max_body)};
}

// The whole text as a number; nothing when it is empty, holds anything else or overflows.
std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

Status HttpResponseReader::feed(std::string_view piece) {
  while (!piece.empty() && !done()) {
    const bool in_body =
        state_ == State::sized || state_ == State::to_close || state_ == State::chunk;
    Status taken = in_body ? take_body(piece) : take_line(piece);
    if (!taken) return taken;
  }
  return {};
}

Status HttpResponseReader::finish() {
  if (state_ == State::to_close) state_ = State::done;
  if (done()) return {};
  if (state_ == State::head) {
    return Error{
        fmt::format("ended early, after {} bytes of its head", head_bytes_ + pending_.size())};
  }
  return Error{fmt::format("ended early, after {} bytes of its body", response_.body.size())};
}

Result<std::optional<std::string>> HttpResponseReader::line(std::string_view& piece) {
  const std::size_t end = piece.find('\n');
  const std::size_t taken = end == std::string_view::npos ? piece.size() : end + 1;
  if (head_bytes_ + pending_.size() + taken > kMaxHead) {
    return Error{fmt::format("has a head of more than {} bytes", kMaxHead)};
  }
  pending_.append(piece.substr(0, taken));
  piece.remove_prefix(taken);
  if (end == std::string_view::npos) return std::optional<std::string>();
  head_bytes_ += pending_.size();
  std::string whole = std::move(pending_);
  pending_.clear();
  whole.pop_back();
  if (!whole.empty() && whole.back() == '\r') whole.pop_back();
  return std::optional<std::string>(std::move(whole));
}

Status HttpResponseReader::take_line(std::string_view& piece) {
  const auto next = line(piece);
  if (!next) return Error{next.error()};
  if (!*next) return {};
  const std::string& text = **next;
  switch (state_) {
    case State::head:
      if (response_.status == 0) return status_line(text);
      return text.empty() ? end_of_head() : header(text);
    case State::chunk_size:
      return chunk_size(text);
    case State::chunk_end:
      if (!text.empty()) return Error{"has a chunk longer than its size"};
      state_ = State::chunk_size;
      return {};
    case State::trailer:
      if (text.empty()) state_ = State::done;
      return {};
    case State::sized:
    case State::to_close:
    case State::chunk:
    case State::done:
      return {};
  }
  return {};
}

Status HttpResponseReader::status_line(std::string_view text) {
  const bool http = text.starts_with("HTTP/1.0 ") || text.starts_with("HTTP/1.1 ");
  const auto status = http ? number(text.substr(9, 3), 10) : std::nullopt;
  const bool ended = text.size() == 12 || (text.size() > 12 && text[12] == ' ');
  if (!status || !ended || *status < 100) {
    return Error{fmt::format("is no HTTP/1.1: it begins with \"{}\"", sanitize(text, 40))};
  }
  response_.status = static_cast<int>(*status);
  return {};
}

Status HttpResponseReader::header(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_of(" \t") != std::string_view::npos) {
    return Error{fmt::format("has a malformed header \"{}\"", sanitize(text, 40))};
  }
  const std::string_view value = trim(text.substr(colon + 1));
  if (equals_ignoring_case(name, "content-length")) {
    const auto length = number(value, 10);
    if (!length || (length_ && *length_ != *length)) {
      return Error{fmt::format("has a malformed Content-Length \"{}\"", sanitize(value, 40))};
    }
    length_ = length;
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (chunked_ || !equals_ignoring_case(value, "chunked")) {
      return Error{fmt::format("has an unknown Transfer-Encoding \"{}\"", sanitize(value, 40))};
    }
    chunked_ = true;
  } else if (equals_ignoring_case(name, "content-encoding") &&
             !equals_ignoring_case(value, "identity")) {
    return Error{
        fmt::format("has a Content-Encoding \"{}\" nobody asked for", sanitize(value, 40))};
  }
  return {};
}

Status HttpResponseReader::end_of_head() {
  if (chunked_ && length_) return Error{"has both a Content-Length and a Transfer-Encoding"};
  if (response_.status < 200) {  // an interim answer: the real one follows (RFC 9110 §15.2)
    response_.status = 0;
    length_.reset();
    chunked_ = false;
    return {};
  }
  if (response_.status == 204 || response_.status == 304 || length_ == std::size_t{0}) {
    state_ = State::done;
  } else if (chunked_) {
    state_ = State::chunk_size;
    head_bytes_ = 0;
  } else if (length_) {
    if (*length_ > max_body_) return too_large(max_body_);
    body_left_ = *length_;
    state_ = State::sized;
  } else {
    state_ = State::to_close;
  }
  return {};
}

Status HttpResponseReader::chunk_size(std::string_view text) {
  const auto size = number(trim(text.substr(0, text.find(';'))), 16);  // extensions are ignored
  if (!size) return Error{fmt::format("has a malformed chunk size \"{}\"", sanitize(text, 40))};
  if (*size > max_body_ - response_.body.size()) return too_large(max_body_);
  head_bytes_ = 0;
  body_left_ = *size;
  state_ = *size == 0 ? State::trailer : State::chunk;
  return {};
}

Status HttpResponseReader::take_body(std::string_view& piece) {
  std::size_t taken = piece.size();
  if (state_ == State::to_close) {
    if (taken > max_body_ - response_.body.size()) return too_large(max_body_);
  } else {
    taken = std::min(taken, body_left_);
    body_left_ -= taken;
  }
  response_.body.append(piece.substr(0, taken));
  piece.remove_prefix(taken);
  if (state_ == State::sized && body_left_ == 0) state_ = State::done;
  if (state_ == State::chunk && body_left_ == 0) state_ = State::chunk_end;
  return {};
}

}  // namespace itnxt::ctl
