// Debian's own agent on a loopback port of its own, with a configuration and a storage of its own.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace itnxt::test {

class Snmpd {
 public:
  static bool installed() { return ::access("/usr/sbin/snmpd", X_OK) == 0; }

  // `host`: 127.0.0.1 or [::1].
  explicit Snmpd(const std::string& configuration, std::string host = "127.0.0.1")
      : port(free_port()), host_(std::move(host)) {
    std::ofstream(path("snmpd.conf")) << configuration;
  }
  Snmpd(const Snmpd&) = delete;
  Snmpd& operator=(const Snmpd&) = delete;
  ~Snmpd() { stop(); }

  // What it remembers over restarts; it counts the boots up at each.
  void store(const std::string& engine_id, std::uint32_t boots) const {
    lose_storage();
    std::filesystem::create_directory(path("persistent"));
    std::ofstream(path("persistent/snmpd.conf"))
        << "engineBoots " << boots << "\noldEngineID " << engine_id << '\n';
  }
  void lose_storage() const { std::filesystem::remove_all(path("persistent")); }

  void start() {
    // -C would have it ignore its own storage too: only these two are searched instead.
    std::string program = "/usr/sbin/snmpd";
    std::string log = path("log");
    std::string address =
        (host_.front() == '[' ? "udp6:" : "udp:") + host_ + ":" + std::to_string(port);
    std::string flags[] = {"-f", "-Lf", "-I", "-smux"};
    char* argv[] = {program.data(),  flags[0].data(), flags[1].data(), log.data(),
                    flags[2].data(), flags[3].data(), address.data(),  nullptr};
    std::string search = "SNMPCONFPATH=" + directory_.path() + ":" + path("persistent");
    std::string persistent = "SNMP_PERSISTENT_DIR=" + path("persistent");
    std::string mibs = "MIBS=";
    char* environment[] = {search.data(), persistent.data(), mibs.data(), nullptr};
    ASSERT_EQ(::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv, environment), 0);
  }
  void stop() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  const std::uint16_t port;

 private:
  // One that was free a moment ago: snmpd cannot be told to choose.
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), size), 0);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    ::close(fd);
    return ntohs(at.sin_port);
  }
  [[nodiscard]] std::string path(const std::string& file) const {
    return directory_.path() + "/" + file;
  }

  std::string host_;
  TempDir directory_;
  pid_t pid_ = 0;
};

}  // namespace itnxt::test
