// Where the little is done that the kernel lets only the privileged do: open a packet socket. Given
// to collectors; a fake counts in tests. Loop's thread.
#pragma once

#include <functional>

namespace itnxt {

class Privileged {
 public:
  virtual ~Privileged() = default;
  // Does `work` now and returns when it is done. It must be short, and must not throw.
  virtual void run(const std::function<void()>& work) = 0;
};

// By the caller itself, with what privilege it has.
class AsOneself final : public Privileged {
 public:
  void run(const std::function<void()>& work) override { work(); }
};
inline AsOneself as_oneself;  // has no state

}  // namespace itnxt
