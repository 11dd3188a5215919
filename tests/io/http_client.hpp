// A client that sends exactly what a test says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace itnxt::test {

class Client {
 public:
  explicit Client(std::uint16_t port, bool ipv6 = false) {
    fd_ = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ipv6) {
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_loopback;
      address.sin6_port = htons(port);
      connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(port);
      connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void finish() const { shutdown(fd_, SHUT_WR); }
  std::string receive(std::size_t size) const {
    std::string text(size, '\0');
    const ssize_t got = recv(fd_, text.data(), size, MSG_WAITALL);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  [[nodiscard]] bool still_open() const {
    char next = 0;
    return recv(fd_, &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }
  // Until the text ends in `end`; gives up after 20 s of silence.
  std::string receive_until(std::string_view end) {
    std::string text;
    pollfd readable{fd_, POLLIN, 0};
    while (!text.ends_with(end) && poll(&readable, 1, 20'000) == 1) {
      char next = 0;
      if (recv(fd_, &next, 1, 0) != 1) break;
      text += next;
    }
    return text;
  }
  // Until the server closes; gives up after 20 s of silence.
  std::string receive_all() {
    std::string text;
    std::string buffer(65536, '\0');
    pollfd readable{fd_, POLLIN, 0};
    while (poll(&readable, 1, 20'000) == 1) {
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      text.append(buffer, 0, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
};

struct Reply {
  int code = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

inline std::string without_chunks(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos) return "broken chunk";
    const auto size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    if (size == 0) return body;
    body += text.substr(line + 2, size);
    text.remove_prefix(line + 2 + size + 2);
  }
  return "chunks without end";
}

inline Reply parse(const std::string& text) {
  Reply reply;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || text.size() < 12) return reply;
  reply.code = std::stoi(text.substr(9, 3));
  for (std::size_t at = text.find("\r\n") + 2; at < end + 2;) {
    const std::size_t stop = text.find("\r\n", at);
    const std::string line = text.substr(at, stop - at);
    const std::size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    reply.headers[name] = line.substr(colon + 2);
    at = stop + 2;
  }
  reply.body = text.substr(end + 4);
  if (reply.headers["transfer-encoding"] == "chunked" && !reply.body.empty()) {
    reply.body = without_chunks(reply.body);
  }
  return reply;
}

inline Reply ask(std::uint16_t port, const std::string& path, const std::string& headers = "",
                 const std::string& method = "GET") {
  Client client(port);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
              "\r\n");
  return parse(client.receive_all());
}

inline std::string gunzip(const std::string& zipped) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return "no inflate";
  std::string in = zipped;
  std::string out;
  std::string buffer(65536, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, 0, buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END ? out : "broken gzip";
}

}  // namespace itnxt::test
