// How much processor time passed: unlike the wall's, no busy machine makes it long.
#pragma once

#include <ctime>

namespace itnxt {

class CpuTime {
 public:
  [[nodiscard]] double seconds() const {
    return static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC;
  }

 private:
  std::clock_t begin_ = std::clock();
};

}  // namespace itnxt
