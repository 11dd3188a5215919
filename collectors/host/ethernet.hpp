// Speed and duplex as an interface's driver tells them (ETHTOOL_GLINKSETTINGS): for everybody to
// ask, and unlike /sys/class/net in the network namespace of this process.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/host/link_table.hpp"
#include "daemon/core/fd.hpp"

namespace itnxt::host {

class Ethernet {
 public:
  LineSpeed line_of(const std::string& kernel_name);
  // Asks whether it has a carrier (ETHTOOL_GLINK): makes the kernel work through what it holds back
  // and send the news.
  void ask_carrier(const std::string& kernel_name);

 private:
  bool open();

  Fd socket_;
  std::int8_t mask_words_ = 0;  // the kernel's size of a mask of link modes; 0: not asked yet
};

}  // namespace itnxt::host
