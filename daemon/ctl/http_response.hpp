// One HTTP/1.1 answer read from pieces as they arrive (RFC 9112 §§4-7). Pure: no socket, no clock.
// The server is not trusted: head, chunk lines and body are bounded, and what is ambiguous (two
// lengths, a length beside chunked, a folded header) is an error, never a guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"

namespace itnxt::ctl {

struct HttpResponse {
  int status = 0;
  std::string body;
};

class HttpResponseReader {
 public:
  explicit HttpResponseReader(std::size_t max_body) : max_body_(max_body) {}

  // Takes the next bytes. Bytes after the answer's end are ignored: the client asks once per
  // connection. After an error the reader is of no further use. Errors are half a sentence, to
  // stand after "the answer".
  Status feed(std::string_view piece);

  // The peer closed the connection: the end of a body without length, else an error.
  Status finish();

  [[nodiscard]] bool done() const { return state_ == State::done; }

  // Precondition: done().
  HttpResponse take() { return std::move(response_); }

 private:
  enum class State : std::uint8_t {
    head,
    sized,
    to_close,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    done
  };

  // The next line without its end, once it is whole; nothing while bytes are missing.
  Result<std::optional<std::string>> line(std::string_view& piece);
  Status take_line(std::string_view& piece);
  Status status_line(std::string_view text);
  Status header(std::string_view text);
  Status end_of_head();
  Status chunk_size(std::string_view text);
  Status take_body(std::string_view& piece);

  const std::size_t max_body_;
  State state_ = State::head;
  HttpResponse response_;
  std::string pending_;         // of a line
  std::size_t head_bytes_ = 0;  // head, chunk lines since the last chunk, trailers
  std::size_t body_left_ = 0;   // of the body or the chunk
  std::optional<std::size_t> length_;
  bool chunked_ = false;
};

}  // namespace itnxt::ctl
