// TCP connects and DNS questions, each by a non-blocking socket of its own: so the kernel tells
// whose error it is, a question leaves from a port that nobody can guess, and answers of strangers
// never get here. The loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "collectors/probe/dns.hpp"
#include "collectors/probe/errand.hpp"
#include "daemon/config/config.hpp"
#include "daemon/io/address.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt::probe {

class Dialer {
 public:
  // What a DNS server answered, before the outcome.
  using Answers = std::function<void(const Errand& errand, const DnsAnswer& answer)>;
  Dialer(Loop& loop, Done done, Answers answers);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  void connect(const Errand& errand, const Address& to, const ProbeTarget& target);
  void ask(const Errand& errand, const Address& to, const ProbeTarget& target);

 private:
  struct Call;
  void begin(const Errand& errand, const Address& to, const ProbeTarget& target, int type);
  void ready(std::uint64_t number);
  void finish(std::uint64_t number, Outcome outcome, Instant at);
  void finish_later(Call& call, std::uint64_t number, Outcome outcome);

  Loop& loop_;
  Done done_;
  Answers answers_;
  std::map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::uint64_t next_ = 0;
};

}  // namespace itnxt::probe
