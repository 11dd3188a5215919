#include "collectors/snmp/socket_pool.hpp"

#include <algorithm>
#include <utility>

namespace itnxt::snmp {

std::vector<SocketPool::Open>::iterator SocketPool::at(Id id) {
  return std::find_if(sockets_.begin(), sockets_.end(),
                      [id](const Open& open) { return open.id == id; });
}

Status SocketPool::open() {
  Result<UdpSocket> socket = UdpSocket::open();
  if (!socket) return Error{socket.error()};
  const Id id = ++last_;
  opened_at_ = loop_.now();
  Watch watch = loop_.watch(socket->fd(), Interest::readable, [this, id] { readable_(id); });
  sockets_.push_back({id, std::move(*socket), std::move(watch)});
  // Its devices are on the newest within an interval: then there is room again.
  if (sockets_.size() == kMost) sockets_.front().retired = true;
  return {};
}

void SocketPool::refresh(Duration interval) {
  if (sockets_.size() >= kMost || loop_.now() - opened_at_ < interval) return;
  (void)open();  // without a descriptor to be had those there are do
}

void SocketPool::close(Id id) {
  const auto open = at(id);
  if (open != sockets_.end()) sockets_.erase(open);
}

UdpSocket* SocketPool::find(Id id) {
  const auto open = at(id);
  return open == sockets_.end() ? nullptr : &open->socket;
}

SocketPool::Id SocketPool::home_of(Id id) const {
  for (const Open& open : sockets_) {
    if (open.id == id && !open.retired) return id;
  }
  return newest();
}

void SocketPool::move(Id from, Id to) {
  if (from == to) return;
  if (const auto next = at(to); next != sockets_.end()) ++next->users;
  const auto old = at(from);
  if (old == sockets_.end()) return;
  if (--old->users == 0 && from != newest()) sockets_.erase(old);
}

}  // namespace itnxt::snmp
