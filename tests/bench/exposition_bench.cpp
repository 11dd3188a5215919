// GET /metrics of 1,000 devices with 50 interfaces each: CPU a line, best of several.
#include <cstdio>
#include <ctime>
#include <limits>

#include "tests/metrics/sample_state.hpp"

namespace itnxt {
namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::shared_ptr<Snapshot> big_snapshot() {
  auto snapshot = test::sample_snapshot();
  const std::shared_ptr<const DeviceView> pattern = snapshot->devices.front();
  for (int d = 0; d < 1000; ++d) {
    auto device = std::make_shared<DeviceView>(*pattern);
    const std::string name = "device-" + std::to_string(d);
    device->name = DeviceName(name);
    device->interfaces.clear();
    for (int i = 0; i < 50; ++i) {
      const std::string port = "GigabitEthernet1/0/" + std::to_string(i);
      device->interfaces.push_back(test::full_interface(name.c_str(), port.c_str()));
    }
    snapshot->devices.push_back(std::move(device));
  }
  return snapshot;
}

}  // namespace
}  // namespace itnxt

int main() {
  using namespace itnxt;
  const std::shared_ptr<const Snapshot> snapshot = big_snapshot();
  const auto board = test::sample_board();
  std::vector<char> buffer(64U << 10U);
  double best = std::numeric_limits<double>::max();
  std::size_t lines = 0;
  for (int run = 0; run < 15; ++run) {
    Exposition text(snapshot, board, {}, {}, MetricsFormat::text_0_0_4);
    lines = 0;
    const double start = cpu_seconds();
    while (const std::size_t size = text.read(buffer.data(), buffer.size())) {
      for (std::size_t i = 0; i < size; ++i) lines += buffer[i] == '\n' ? 1U : 0U;
    }
    best = std::min(best, cpu_seconds() - start);
  }
  std::printf("%zu lines, %.1f ns CPU a line\n", lines, best * 1e9 / static_cast<double>(lines));
}
