# Capture of a savefile: make_savefile /tmp/bench.pcap && capture_file /tmp/bench.pcap
add_executable(make_savefile make_savefile.cpp)
target_link_libraries(make_savefile PRIVATE itnxt_policy)
add_executable(capture_file capture_file.cpp)
target_link_libraries(capture_file PRIVATE itnxt_policy itnxt::pcap itnxt::support)
add_executable(insight_bench insight_bench.cpp)
target_link_libraries(insight_bench PRIVATE itnxt_policy itnxt::pcap)
add_executable(capture_live capture_live.cpp)
target_link_libraries(capture_live PRIVATE itnxt_policy itnxt::pcap itnxt::loop itnxt::support)
