// An aggregator's alert desk as a process that can be killed: desk_child STATE LINKS URL NETWORK.
// NETWORK is a file with the names of the links that are down.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/notify/desk_world.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

int main(int argc, char** argv) {
  using namespace itnxt;
  using namespace itnxt::test;
  if (argc != 5) return 2;
  PollLoop loop;
  RecordingLog log;
  Config config = desk_config(argv[1], std::atoi(argv[2]));
  // Never declared, but each page waits for it: being killed meanwhile must lose none.
  config.crisis = CrisisConfig{};
  config.crisis->min_sites = 1000;
  config.crisis->hold = 20ms;
  add_channel(config, "hook", WebhookChannel{argv[3], {}});
  auto desk = AlertDesk::open(loop, log, config, "");
  if (!desk) {
    std::cerr << desk.error() << '\n';
    return 1;
  }
  const auto look = [&] {
    std::ifstream file(argv[4]);
    const std::string down{std::istreambuf_iterator<char>(file), {}};
    (*desk)->observe(network(config, down));
    return false;
  };
  run_until(loop, look, 60s);  // whatever happens to the test
  return 0;
}
