// A collector on real time and real sockets, what it is told to poll, and an agent by hand.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectors/snmp/collector.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"

namespace itnxt::test {

inline SnmpTarget target(const std::string& name, const std::string& host, std::uint16_t port,
                         const std::string& community = "public") {
  SnmpTarget made;
  made.device.name = DeviceName(name);
  made.device.host = host;
  made.device.port = port;
  made.device.credentials = "lab";
  made.credentials.community.set(community);
  return made;
}

inline SnmpCollectorConfig config(Duration interval, std::vector<SnmpTarget> targets,
                                  Duration timeout = 100ms, std::uint32_t retries = 1) {
  SnmpCollectorConfig made;
  made.name = CollectorName("snmp");
  made.interval = interval;
  made.timeout = timeout;
  made.retries = retries;
  made.targets = std::move(targets);
  return made;
}

inline Result<Address> no_lookup(const std::string&, std::uint16_t) {
  return Error{"nobody should ask"};
}

// A collector on real time.
struct Rig {
  PollLoop loop;
  RecordingSink sink;
  RecordingLog log;
  std::optional<SnmpCollector> collector;

  void run(SnmpCollectorConfig made, Resolver::Lookup lookup = no_lookup) {
    collector.emplace(std::move(made), CollectorContext{loop, sink, log}, std::move(lookup));
    collector->start();
  }
  bool until_samples(std::size_t count, Duration limit = 10s) {
    return run_until(
        loop, [&] { return sink.samples.size() >= count; }, limit);
  }
};

// An agent by hand: a socket on an address, its requests answered when the test says so.
struct Socket {
  int fd;
  std::uint16_t port = 0;
  explicit Socket(const char* ip, std::uint16_t wanted = 0) : fd(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(wanted);
    ::inet_pton(AF_INET, ip, &at.sin_addr);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    socklen_t size = sizeof at;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }
  ~Socket() { ::close(fd); }
  std::vector<std::uint8_t> receive(sockaddr_in& from) {
    std::vector<std::uint8_t> bytes(65'536);
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  void send(const std::vector<std::uint8_t>& bytes, const sockaddr_in& to) {
    ::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
};

}  // namespace itnxt::test
