// A peer that speaks ZMTP 3.0 (rfc.zeromq.org/spec/23) byte by byte: what no library would send.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "daemon/core/fd.hpp"

namespace itnxt::test {

class ZmtpPeer {
 public:
  // `endpoint`: "tcp://127.0.0.1:PORT". A DEALER; returns when the other side has greeted and is
  // ready.
  explicit ZmtpPeer(const std::string& endpoint)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    connected_ =
        connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    std::string greeting(64, '\0');
    greeting[0] = '\xff';
    greeting[9] = '\x7f';
    greeting[10] = '\3';
    greeting.replace(12, 4, "NULL");
    using namespace std::string_view_literals;
    send(greeting);
    receive(64);
    send("\x04\x1c\x05READY\x0bSocket-Type\0\0\0\6DEALER"sv);
    receive(static_cast<unsigned char>(receive(2).back()));  // its READY, a short command
  }

  [[nodiscard]] bool connected() const { return connected_; }
  void part(std::string_view bytes, bool more) {  // less than 256
    std::string frame = {more ? '\1' : '\0', static_cast<char>(bytes.size())};
    pending_ += frame.append(bytes);
    if (pending_.size() >= 65536 || !more) flush();
  }

 private:
  void flush() {
    send(pending_);
    pending_.clear();
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::string receive(std::size_t size) {
    std::string bytes(size, '\0');
    connected_ = connected_ &&
                 recv(fd_.get(), bytes.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
    return bytes;
  }

  Fd fd_;
  bool connected_ = false;
  std::string pending_;
};

}  // namespace itnxt::test
