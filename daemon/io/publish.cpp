#include "daemon/io/publish.hpp"

#include <utility>

namespace itnxt {
namespace {

constexpr std::string_view kKey = "aggregator.publish";

}  // namespace

Publisher::Publisher(Loop& loop, Log& log, std::uint64_t epoch)
    : loop_(loop),
      log_(log),
      crowds_(log),
      changes_(epoch),
      emit_([this](std::string_view topic, std::string_view payload) {
        socket_->publish(topic, payload);
      }) {}

Result<std::unique_ptr<Publisher>> Publisher::open(Loop& loop, Log& log, ZmqContext& zmq,
                                                   const std::string& endpoint, const Gate* gate,
                                                   std::uint64_t epoch) {
  std::unique_ptr<Publisher> publisher(new Publisher(loop, log, epoch));
  Publisher& self = *publisher;
  const auto curve = gate == nullptr ? std::nullopt : std::optional(gate->keys());
  auto socket = ZmqSocket::bind_publisher(
      loop, zmq, kKey, endpoint,
      {.message = [&self](const ZmqMessage& message) { self.take(message.parts.front()); },
       .writable = nullptr,
       .disconnected = nullptr,
       .refused =
           [&self](HandshakeFault fault) { ++self.handshakes_[static_cast<std::size_t>(fault)]; },
       .connected = nullptr,
       .shown_out =
           [&self](const std::string& from) {
             self.crowds_.shown_out(from, self.endpoint(), self.loop_.now());
           }},
      curve);
  if (!socket) return Error{socket.error()};
  publisher->socket_ = std::move(socket).value();
  return publisher;
}

void Publisher::publish(const std::shared_ptr<const Snapshot>& snapshot,
                        const std::shared_ptr<const Board>& board) {
  changes_.round(snapshot, board, emit_);
}

void Publisher::rebind() {
  changes_.unsubscribe_all();
  socket_->rebind([this](const Error& error) { log_.error(error.message); });
}

// libzmq keeps every subscription itself, whatever we think of it: only the end of the connection
// frees that.
void Publisher::take(std::string_view subscription) {
  if (subscription.empty()) return;
  const std::string_view prefix = subscription.substr(1);
  if (subscription.front() == '\0') return changes_.unsubscribe(prefix);
  if (subscription.front() != '\1' || changes_.subscribe(prefix)) return;
  if (const auto due = complaints_.due("", loop_.now())) {
    log_.warning("subscribers asked for too many topics; all connections of the stream are ended",
                 {{"endpoint", endpoint()}, {"unsaid", std::to_string(due->unsaid)}});
  }
  rebind();
}

}  // namespace itnxt
