# The architecture, executable: which floor may include which. Run: cmake -DROOT=… -P layering.cmake
cmake_minimum_required(VERSION 3.25) # script mode: without it IN_LIST is no operator

set(may_core    core)
set(may_wire    core wire)
set(may_config  core config)
set(may_state   core config state)
set(may_alert   core config state alert)
set(may_metrics core config state alert metrics)
set(may_io      core wire config state alert metrics io)
set(may_notify  core config state alert io notify)
set(may_ctl     core ctl)

set(bad "")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/daemon/*.hpp ${ROOT}/daemon/*.cpp)
foreach(f IN LISTS files)
  if(NOT f MATCHES "^daemon/([^/]+)/") # app and main see every floor
    continue()
  endif()
  set(here ${CMAKE_MATCH_1})
  file(STRINGS ${ROOT}/${f} lines REGEX "^#include \"(daemon|collectors)/")
  foreach(line IN LISTS lines)
    # itnxtctl probe asks a device itself, without any itnxtd: by the survey, with the configuration's credentials.
    if(f MATCHES "^daemon/ctl/probe" AND line MATCHES "\"(collectors/snmp/survey|daemon/config)/")
      continue()
    endif()
    # itnxtctl capture reads a savefile with the collector's own analysis, and says who talks as the API does.
    if(f MATCHES "^daemon/ctl/capture" AND line MATCHES "\"(collectors/pcap/|daemon/config/|daemon/io/api_talkers[.]hpp)")
      continue()
    endif()
    # itnxtctl tail is a subscriber of the stream, keygen makes keys: the same sockets, loop and format as the daemon's.
    if(f MATCHES "^daemon/ctl/(tail|keygen)" AND line MATCHES "\"daemon/(io/(poll_loop|signals|zmq_security|zmq_socket)|wire/stream|config/load)[.]hpp")
      continue()
    endif()
    string(REGEX MATCH "\"(daemon|collectors)/([^/\"]+)" _ "${line}")
    if(CMAKE_MATCH_1 STREQUAL "collectors" OR NOT CMAKE_MATCH_2 IN_LIST may_${here})
      string(APPEND bad "  ${f}: floor '${here}' may not include '${CMAKE_MATCH_2}'\n")
    endif()
  endforeach()
endforeach()

# A collector sees core, its own configuration, the loop and the sink: nothing else, no other collector.
# And addresses, the resolver and libcurl's handles, which several collectors need and none of them owns, and SNMP's
# messages, which whoever speaks it sees and which see core and the configuration only.
set(collector_may daemon/io/loop.hpp daemon/io/sink.hpp daemon/io/privileged.hpp daemon/io/address.hpp daemon/io/resolver.hpp daemon/io/libcurl.hpp
                  daemon/config/config.hpp collectors/collector.hpp collectors/poll_requests.hpp collectors/kept_file.hpp)
set(speaks_snmp snmp trap)
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/collectors/*.hpp ${ROOT}/collectors/*.cpp)
foreach(f IN LISTS files)
  string(REGEX MATCH "^collectors/([^/]+)/" _ "${f}")
  set(here "${CMAKE_MATCH_1}")
  file(STRINGS ${ROOT}/${f} lines REGEX "^#include \"(daemon|collectors)/")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "\"([^\"]+)\"" _ "${line}")
    set(path "${CMAKE_MATCH_1}")
    if(path MATCHES "^daemon/core/" OR path IN_LIST collector_may)
      continue()
    endif()
    if(here STREQUAL "" AND path MATCHES "^collectors/") # the table of kinds names every collector
      continue()
    endif()
    if(NOT here STREQUAL "" AND path MATCHES "^collectors/${here}/")
      continue()
    endif()
    if(here IN_LIST speaks_snmp AND path MATCHES "^collectors/snmp_protocol/")
      continue()
    endif()
    string(APPEND bad "  ${f}: a collector may not include '${path}'\n")
  endforeach()
endforeach()

# Each foreign library is included in few files, so that it can be replaced and its exceptions stop there.
# libpcap's two come in by one door of ours. ZeroMQ's four: sockets, binding, monitor, keys. libcurl's two, by one door
# again: the client posts from a thread of its own, the probes' getter runs on the loop, so that a thousand GETs cost no
# thread and have the loop's timing. libsodium's two: the webhook's signature, the captures' pseudonyms.
foreach(rule "yaml-cpp/:1" "zmq[.]h:4" "net-snmp/:1" "pcap/pcap[.]h:1" "collectors/pcap/libpcap[.]hpp:2" "pcap[.]h>:0" "curl/:1" "daemon/io/libcurl[.]hpp:2"
        "sqlite3[.]h:1" "microhttpd[.]h:1" "libmnl/:1" "cap-ng[.]h:1" "seccomp[.]h:1" "systemd/sd-:1" "sodium[.]h:2" "openssl/:1" "nlohmann/json[.]hpp:6" "CLI/CLI[.]hpp:2"
        "prometheus/:1" "zlib[.]h:2" "snappy:1" "google/protobuf/:2")
  string(REGEX MATCH "^(.*):([0-9]+)$" _ "${rule}")
  set(header "${CMAKE_MATCH_1}")
  set(most "${CMAKE_MATCH_2}")
  set(users "")
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/daemon/*.?pp ${ROOT}/collectors/*.?pp)
  foreach(f IN LISTS files)
    file(STRINGS ${ROOT}/${f} lines REGEX "^#include [<\"]${header}")
    if(lines)
      list(APPEND users ${f})
    endif()
  endforeach()
  list(LENGTH users n)
  if(n GREATER most)
    string(APPEND bad "  <${header}…> is included in ${n} files, at most ${most}: ${users}\n")
  endif()
endforeach()

# Time is an argument: only the loop reads a clock. itnxtctl and what it runs have no loop; they ask the kernel for timers.
set(own_timers daemon/ctl/http_get.cpp daemon/ctl/watch.cpp collectors/snmp/survey/udp_wire.cpp)
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/daemon/*.?pp ${ROOT}/collectors/*.?pp)
list(REMOVE_ITEM files daemon/io/poll_loop.cpp)
foreach(f IN LISTS files)
  set(clocks "clock::now|clock_gettime|gettimeofday|time\\(nullptr\\)")
  if(NOT f IN_LIST own_timers)
    string(APPEND clocks "|timerfd_create")
  endif()
  file(STRINGS ${ROOT}/${f} lines REGEX "${clocks}")
  if(lines)
    string(APPEND bad "  ${f}: reads a clock; take the time as an argument\n")
  endif()
endforeach()

if(bad)
  message(FATAL_ERROR "the floors are mixed up:\n${bad}")
endif()
