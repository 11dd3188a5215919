// A loop for tests that need real sockets and real time: poll(2), the steady clock, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "daemon/io/loop.hpp"

namespace itnxt::test {

class SocketLoop final : public Loop {
 public:
  SocketLoop();
  ~SocketLoop() override;
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] Watch watch(int fd, Interest interest, Callback callback) override;
  [[nodiscard]] Timer after(Duration delay, Callback callback) override;

  // Runs until `done` says so or `limit` has passed; what `done` said last.
  bool run_until(const std::function<bool()>& done, Duration limit);

 private:
  struct World;
  void round(Duration at_most);
  Instant now_;
  std::shared_ptr<World> world_;
};

}  // namespace itnxt::test
