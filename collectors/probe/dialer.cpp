#include "collectors/probe/dialer.hpp"

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "daemon/core/fd.hpp"

namespace itnxt::probe {
namespace {

constexpr std::size_t kLargestAnswer = 4096;
constexpr int kMostDatagrams = 16;  // of one call in one round

Outcome outcome_of(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
      return Outcome::refused;
    case ETIMEDOUT:
    case EPERM:  // this host's own filter threw it away
      return Outcome::lost;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EACCES:
    case EADDRNOTAVAIL:
      return Outcome::unreachable;
    default:
      return Outcome::local;
  }
}

}  // namespace

struct Dialer::Call {
  Errand errand;
  Fd fd;
  std::vector<std::uint8_t> question;  // empty: a connect
  Watch watch;
  Timer timer;
};

Dialer::Dialer(Loop& loop, Done done, Answers answers)
    : loop_(loop), done_(std::move(done)), answers_(std::move(answers)) {}
Dialer::~Dialer() = default;

void Dialer::finish(std::uint64_t number, Outcome outcome, Instant at) {
  const auto node = calls_.extract(number);
  const Errand errand = node.mapped()->errand;
  node.mapped()->watch.cancel();  // before its descriptor goes
  done_(errand, outcome, at);
}

void Dialer::finish_later(Call& call, std::uint64_t number, Outcome outcome) {
  call.timer = loop_.after(Duration::zero(),
                           [this, number, outcome] { finish(number, outcome, loop_.fresh_now()); });
}

void Dialer::begin(const Errand& errand, const Address& to, const ProbeTarget& target, int type) {
  const std::uint64_t number = next_++;
  Call& call = *(calls_[number] = std::make_unique<Call>());
  call.errand = errand;
  if (calls_.size() > kMostAtOnce) return finish_later(call, number, Outcome::local);
  const bool v4 = to.is_v4();
  call.fd.reset(::socket(v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!call.fd.is_open()) return finish_later(call, number, Outcome::local);
  const int traffic_class = target.dscp << 2;
  (void)::setsockopt(call.fd.get(), v4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6},
                     v4 ? IP_TOS : IPV6_TCLASS, &traffic_class, sizeof traffic_class);
  const sockaddr_in four = to_sockaddr4(to);
  const sockaddr_in6 six = to_sockaddr6(to);
  const int connected =
      v4 ? ::connect(call.fd.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four)
         : ::connect(call.fd.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six);
  if (connected != 0 && errno != EINPROGRESS) {
    return finish_later(call, number, outcome_of(errno));
  }
  if (type == SOCK_DGRAM) {
    std::uint16_t id = 0;
    (void)!::getrandom(&id, sizeof id, 0);
    call.question = encode_question(id, target.query, target.query_type);
    if (::send(call.fd.get(), call.question.data(), call.question.size(), MSG_NOSIGNAL) < 0) {
      return finish_later(call, number, outcome_of(errno));
    }
  }
  call.watch =
      loop_.watch(call.fd.get(), type == SOCK_DGRAM ? Interest::readable : Interest::writable,
                  [this, number] { ready(number); });
  call.timer = loop_.after(target.timeout,
                           [this, number] { finish(number, Outcome::lost, loop_.fresh_now()); });
}

void Dialer::connect(const Errand& errand, const Address& to, const ProbeTarget& target) {
  begin(errand, to, target, SOCK_STREAM);
}

void Dialer::ask(const Errand& errand, const Address& to, const ProbeTarget& target) {
  begin(errand, to, target, SOCK_DGRAM);
}

void Dialer::ready(std::uint64_t number) {
  Call& call = *calls_.at(number);
  const Instant at = loop_.fresh_now();
  if (call.question.empty()) {
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(call.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return finish(number, error == 0 ? Outcome::answered : outcome_of(error), at);
  }
  std::array<std::uint8_t, kLargestAnswer> bytes;
  for (int i = 0; i < kMostDatagrams; ++i) {
    const ssize_t size = ::recv(call.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return finish(number, outcome_of(errno), at);
    }
    const auto answer =
        decode_answer({bytes.data(), static_cast<std::size_t>(size)}, call.question);
    if (!answer) continue;
    answers_(call.errand, *answer);
    return finish(number, is_good(*answer) ? Outcome::answered : Outcome::wrong, at);
  }
}

}  // namespace itnxt::probe
