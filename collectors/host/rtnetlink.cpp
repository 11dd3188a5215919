// The kernel by rtnetlink: the only file that sees libmnl. One socket for the news and the dumps:
// the kernel makes both under one lock, so that a dump queues behind the news that are older than
// it. By two sockets news could be read behind a dump that knew better, and would tell of changes
// that were none.
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "collectors/host/carrier.hpp"
#include "collectors/host/ethernet.hpp"
#include "collectors/host/kernel.hpp"
#include "daemon/core/fd.hpp"
#include "daemon/core/text.hpp"

namespace itnxt::host {
namespace {

constexpr std::size_t kBuffer = 32U << 10U;  // the largest datagram that the kernel makes
constexpr int kQueue = 1 << 20;              // of news, as far as net.core.rmem_max allows
constexpr int kDatagramsAtATime = 64;        // of news; the kernel sends one a change
constexpr int kMostDatagrams = 1 << 20;      // of a dump: it ends, whatever the kernel does

struct Close {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, Close>;

Error failed(std::string what, int error) {
  return {std::move(what) + ": " + errno_text(error)};
}

Result<Socket> open_socket(unsigned groups) {
  Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return failed("cannot open a netlink socket", errno);
  const int fd = mnl_socket_get_fd(socket.get());
  if (groups != 0) (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kQueue, sizeof kQueue);
  if (mnl_socket_bind(socket.get(), groups, MNL_SOCKET_AUTOPID) < 0) {
    return failed("cannot bind a netlink socket", errno);
  }
  return socket;
}

class Rtnetlink final : public Kernel {
 public:
  Result<int> subscribe() override {
    news_.reset();
    auto opened = open_socket(RTMGRP_LINK);
    if (!opened) return Error{opened.error()};
    news_ = std::move(*opened);
    return mnl_socket_get_fd(news_.get());
  }

  Result<News> read_news(const Take& take) override {
    for (int i = 0; i < kDatagramsAtATime; ++i) {
      const auto datagram = receive(*news_);
      if (const int* error = std::get_if<int>(&datagram)) {
        if (*error == EAGAIN) return News::idle;
        if (*error == EINTR) continue;
        if (*error == ENOBUFS) return News::overrun;
        return failed("cannot read from a netlink socket", *error);
      }
      Datagram messages(std::get<Octets>(datagram));
      while (const auto message = messages.next()) take(read_link(*message));
      if (messages.malformed()) take(NoLink::malformed);
    }
    return News::more;
  }

  // In one go: the kernel makes each part while the one before is read, so nothing is waited for.
  Result<Table> dump(const Take& take) override {
    const auto asked = ask_all();
    if (!asked) return Error{asked.error()};
    return read_dump(*asked, take);
  }

  LineSpeed line_of(const std::string& kernel_name) override {
    return ethernet_.line_of(kernel_name);
  }

  void hurry_lost_carriers(const std::vector<std::string>* links) override {
    for (const std::string& name : carriers_.take_lost()) ethernet_.ask_carrier(name);
    if (links != nullptr) carriers_.follow(*links);
  }

 private:
  using Octets = std::span<const std::uint8_t>;

  // A datagram of the kernel's, in buffer_; else an errno. Others may write to us if they have
  // CAP_NET_ADMIN, which is no reason to listen.
  std::variant<Octets, int> receive(mnl_socket& socket) {
    for (int i = 0; i < kDatagramsAtATime; ++i) {
      sockaddr_nl from{};
      iovec into{buffer_.data(), buffer_.size()};
      msghdr header{};
      header.msg_name = &from;
      header.msg_namelen = sizeof from;
      header.msg_iov = &into;
      header.msg_iovlen = 1;
      const ssize_t size = ::recvmsg(mnl_socket_get_fd(&socket), &header, 0);
      if (size < 0) return errno;
      if (from.nl_pid != 0) continue;
      if ((header.msg_flags & MSG_TRUNC) != 0) return ENOBUFS;  // part of it is lost, too
      return Octets(buffer_).first(static_cast<std::size_t>(size));
    }
    return EAGAIN;
  }

  // The sequence number of the question.
  Result<std::uint32_t> ask_all() {
    if (!news_) return Error{"the kernel cannot be asked for its interfaces: no netlink socket"};
    alignas(nlmsghdr) std::array<char, 64> text{};
    nlmsghdr* const question = mnl_nlmsg_put_header(text.data());
    question->nlmsg_type = RTM_GETLINK;
    question->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question->nlmsg_seq = ++sequence_;
    mnl_nlmsg_put_extra_header(question, sizeof(ifinfomsg));
    if (mnl_socket_sendto(news_.get(), question, question->nlmsg_len) < 0) {
      return failed("cannot ask the kernel for its interfaces", errno);
    }
    return sequence_;
  }

  Result<Table> read_dump(std::uint32_t sequence, const Take& take) {
    Table table = Table::whole;
    for (int i = 0; i < kMostDatagrams; ++i) {
      const auto datagram = receive(*news_);
      if (const int* error = std::get_if<int>(&datagram)) {
        if (*error == EINTR) continue;
        if (*error != ENOBUFS) return failed("the kernel does not tell its interfaces", *error);
        table = Table::overrun;
        continue;  // news were lost, not the answer
      }
      Datagram messages(std::get<Octets>(datagram));
      while (const auto message = messages.next()) {
        const bool answer = message->sequence == sequence;  // not only: news have any number
        if ((message->flags & NLM_F_DUMP_INTR) != 0) table = std::max(table, Table::torn);
        if (answer && (message->type == NLMSG_DONE || message->type == NLMSG_ERROR)) {
          const int error = read_error(*message).value_or(EPROTO);
          if (error != 0) return failed("the kernel does not tell its interfaces", error);
          return table;
        }
        take(read_link(*message));
      }
      if (messages.malformed()) {
        take(NoLink::malformed);
        table = std::max(table, Table::torn);
      }
    }
    return Error{"the kernel does not tell its interfaces: its answer does not end"};
  }

  Socket news_;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kBuffer);
  Ethernet ethernet_;
  CarrierWatch carriers_;
};

}  // namespace

std::unique_ptr<Kernel> make_kernel() {
  return std::make_unique<Rtnetlink>();
}

HostFacts host_facts() {
  HostFacts facts;
  struct sysinfo info {};
  if (::sysinfo(&info) == 0) facts.uptime = std::chrono::seconds(info.uptime);
  utsname names{};
  if (::uname(&names) != 0) return facts;
  facts.name = sanitize(names.nodename);
  facts.descr = sanitize(std::string(names.sysname) + ' ' + names.release + ' ' + names.version +
                         ' ' + names.machine);
  return facts;
}

}  // namespace itnxt::host
