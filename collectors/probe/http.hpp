// HTTP(S) GETs by libcurl, driven by the loop's own descriptors and timers: no thread, no
// connection kept, no redirect followed, no proxy, certificates checked. The name is resolved
// before. The loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "collectors/probe/errand.hpp"
#include "daemon/config/config.hpp"
#include "daemon/core/result.hpp"
#include "daemon/io/address.hpp"
#include "daemon/io/loop.hpp"

namespace itnxt::probe {

class HttpGetter {
 public:
  // The status, where one came, is told before the outcome. An answer's instant is that of its
  // first byte.
  using Status = std::function<void(const Errand& errand, std::uint16_t status)>;

  [[nodiscard]] static Result<std::unique_ptr<HttpGetter>> open(Loop& loop, Done done,
                                                                Status status);
  ~HttpGetter();
  HttpGetter(const HttpGetter&) = delete;
  HttpGetter& operator=(const HttpGetter&) = delete;

  // `target` outlives the getter.
  void get(const Errand& errand, const Address& to, const ProbeTarget& target);

 private:
  struct World;
  explicit HttpGetter(std::unique_ptr<World> world);
  std::unique_ptr<World> world_;
};

}  // namespace itnxt::probe
