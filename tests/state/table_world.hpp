// A table of two routers and who polls them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/state/world.hpp"

namespace itnxt::test {

class TableTest : public testing::Test {
 protected:
  Config config = two_routers();
  Table table{config};
  Poller poller;

  std::shared_ptr<const DeviceView> r1() { return poller.look(table)->devices[0]; }
  void poll_r1(const std::vector<InterfaceRow>& rows) {
    poller.send(table, {poller.poll("r1", rows)});
  }
  void minute() { poller.pass(60s); }
};

}  // namespace itnxt::test
