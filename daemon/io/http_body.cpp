#include "daemon/io/http_body.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace itnxt {
namespace {

constexpr std::size_t kPiece = std::size_t{32} << 10U;

class ListBody {
 public:
  using Next = std::function<bool(std::string& out)>;
  ListBody(Next next, std::string tail) : next_(std::move(next)), tail_(std::move(tail)) {}

  std::size_t operator()(char* buffer, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      if (read_ == piece_.size() && !fill()) break;
      const std::size_t part = std::min(size - done, piece_.size() - read_);
      std::memcpy(buffer + done, piece_.data() + read_, part);
      done += part;
      read_ += part;
    }
    return done;
  }

 private:
  bool fill() {
    if (ended_) return false;
    piece_.clear();
    read_ = 0;
    if (first_) piece_ += R"({"status":"success","data":[)";
    while (piece_.size() < kPiece) {
      const std::size_t before = piece_.size();
      if (!first_) piece_ += ",\n";
      if (!next_(piece_)) {
        piece_.resize(before);
        piece_.append("]").append(tail_).append("}\n");
        ended_ = true;
        break;
      }
      first_ = false;
    }
    return true;
  }

  Next next_;
  std::string tail_;
  std::string piece_;
  std::size_t read_ = 0;
  bool first_ = true;
  bool ended_ = false;
};

}  // namespace

BodyReader text_body(std::string text) {
  return [text = std::move(text), at = std::size_t{0}](char* buffer, std::size_t size) mutable {
    const std::size_t part = std::min(size, text.size() - at);
    std::memcpy(buffer, text.data() + at, part);
    at += part;
    return part;
  };
}

BodyReader list_body(std::function<bool(std::string& out)> next, std::string tail) {
  return ListBody(std::move(next), std::move(tail));
}

}  // namespace itnxt
