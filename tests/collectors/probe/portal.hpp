// A target as tests of what is told of one want it: every part that must not show has something.
#pragma once

#include "daemon/config/config.hpp"

namespace itnxt::probe::test {

inline ProbeTarget portal() {
  ProbeTarget target;
  target.name = TargetName("ozg");
  target.site = SiteName("halle");
  target.type = ProbeType::http;
  target.host = "fe80::1";
  target.port = 443;
  target.url = "https://me:secret@[fe80::1]/form?token=x#y";
  return target;
}

}  // namespace itnxt::probe::test
