// What the collector asks the kernel. Two implementations: make_kernel() (rtnetlink and ethtool of
// this process's network namespace, without any privilege) and a fake in its tests. Nothing here
// waits but for the kernel's own lock on its interfaces. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "collectors/host/link_message.hpp"
#include "collectors/host/link_table.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/time.hpp"

namespace itnxt::host {

struct HostFacts {
  std::string name;   // uname's node name
  std::string descr;  // "Linux 6.1.0-18-amd64 #1 SMP … x86_64"
  Duration uptime{};  // since boot, to the second
};

class Kernel {
 public:
  using Take = std::function<void(const std::variant<LinkMessage, NoLink>&)>;
  virtual ~Kernel() = default;

  // Begins to hear of changes, or begins anew: what was queued is thrown away. The fd to watch; it
  // lives until the next subscribe().
  virtual Result<int> subscribe() = 0;
  enum class News : std::uint8_t {
    idle,     // all there was
    more,     // some of it: bounded work at a time
    overrun,  // the kernel had more to say than it could keep for us: subscribe() anew, dump()
  };
  virtual Result<News> read_news(const Take& take) = 0;
  enum class Table : std::uint8_t {
    whole,
    torn,     // it changed meanwhile: links may be missing
    overrun,  // as News::overrun: what has changed since may never be told
  };
  // Every link there is, behind the news that came before and were not read yet: `take` hears all
  // in the order in which it was so, and no news are older than what is known. After an Error
  // subscribe() anew.
  virtual Result<Table> dump(const Take& take) = 0;
  virtual LineSpeed line_of(const std::string& kernel_name) = 0;
  // Makes the kernel tell at once of lost carriers (carrier.hpp); takes no lock while none is lost.
  // `links`: whose, from now on; null: the same as before.
  virtual void hurry_lost_carriers(const std::vector<std::string>* links) = 0;
};

std::unique_ptr<Kernel> make_kernel();
HostFacts host_facts();

}  // namespace itnxt::host
