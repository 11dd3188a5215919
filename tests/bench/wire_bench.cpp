// How fast batches are encoded and decoded on one core. Prints one line for each step; bars are
// held elsewhere, against another program in the same run.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "daemon/wire/codec.hpp"
#include "tests/bench/switches.hpp"

namespace {

using namespace itnxt;

// Calls `step` for about a second; counters for each second of it.
template <class Step>
void measure(const char* name, double counters, Step step) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 50; ++i) step();  // warm
  const auto start = Clock::now();
  int rounds = 0;
  std::chrono::duration<double> spent{};
  while (spent.count() < 1.0) {
    for (int i = 0; i < 50; ++i) step();
    rounds += 50;
    spent = Clock::now() - start;
  }
  std::printf("%-28s %8.2f million counters a second\n", name,
              counters * rounds / spent.count() / 1e6);
}

}  // namespace

int main() {
  const Batch batch = bench::switch_batch(0, 0, 1);
  constexpr double kCounters =
      static_cast<double>(bench::kSwitchesOfBatch * bench::kPorts * kColumns);
  const std::string bytes = wire::encode(batch);
  std::printf("batch: %zu bytes, %.1f bytes a counter\n", bytes.size(),
              static_cast<double>(bytes.size()) / kCounters);
  std::size_t sink = 0;
  measure("encode", kCounters, [&] { sink += wire::encode(batch).size(); });
  wire::Decoder decoder;
  const std::string_view part = bytes;
  measure("decode", kCounters, [&] {
    if (decoder.decode({&part, 1})) sink = 0;
    sink += decoder.batch().samples.size();
  });
  return sink == 0 ? 1 : 0;
}
