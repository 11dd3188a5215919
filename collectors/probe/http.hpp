// HTTP(S) GETs by libcurl, driven by the loop's own descriptors and timers: no thread, no
// connection kept, no redirect followed, no proxy, certificates checked. The name is resolved
// before. The loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "collectors/probe/errand.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/address.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt::probe {

class HttpGetter {
 public:
  // What is told before the outcome, where there is something: the status that came, and of an
  // answer that is not the expected one, of TLS, or of what this host lacks, what was wrong. Not
  // sanitised. An answer's instant is that of its first byte.
  struct Remark {
    std::uint16_t status = 0;  // 0: none came
    std::string problem;       // empty: nothing to say beyond the outcome
  };
  using Remarks = std::function<void(const Errand& errand, Remark remark)>;

  [[nodiscard]] static Result<std::unique_ptr<HttpGetter>> open(Loop& loop, Done done,
                                                                Remarks remarks);
  ~HttpGetter();
  HttpGetter(const HttpGetter&) = delete;
  HttpGetter& operator=(const HttpGetter&) = delete;

  // `target` outlives the getter. Certificates are read once for all targets of one `ca`, and anew
  // once a day: a getter whose targets alternate between several reads them each time, 18 ms.
  void get(const Errand& errand, const Address& to, const ProbeTarget& target);

 private:
  struct World;
  explicit HttpGetter(std::unique_ptr<World> world);
  std::unique_ptr<World> world_;
};

}  // namespace itnxt::probe
