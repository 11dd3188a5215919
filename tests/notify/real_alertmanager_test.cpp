// Against Debian's Alertmanager, started here on a free loopback port.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/notify/desk_world.hpp"
#include "tests/notify/process.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"

namespace itnxt::test {
namespace {

constexpr const char* kProgram = "/usr/bin/prometheus-alertmanager";

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0) {
    return fd;
  }
  ::close(fd);
  return -1;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = static_cast<sockaddr*>(static_cast<void*>(&address));
  (void)::bind(fd, raw, size);
  (void)::getsockname(fd, raw, &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string get(int port, const std::string& path) {
  const int fd = connect_to(port);
  if (fd < 0) return "";
  const timeval patience{2, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request = "GET " + path + " HTTP/1.0\r\nHost: x\r\n\r\n";
  (void)!::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

class RealAlertmanager : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kProgram, X_OK) != 0) {
      GTEST_SKIP() << kProgram << " is missing: apt-get install prometheus-alertmanager";
    }
    std::ofstream(dir_.path() + "/am.yaml")
        << "route: {receiver: none}\nreceivers: [{name: none}]\n";
    config_ = desk_config(dir_.path() + "/state", 3);
    config_.rules[0].runbook_url = "https://runbook/";
    add_channel(config_, "am", AlertmanagerChannel{{"http://127.0.0.1:" + std::to_string(port_)}});
  }
  void start_alertmanager() {
    process_ = std::make_unique<Process>(
        std::vector<std::string>{kProgram, "--config.file=" + dir_.path() + "/am.yaml",
                                 "--storage.path=" + dir_.path() + "/am",
                                 "--web.listen-address=127.0.0.1:" + std::to_string(port_),
                                 "--cluster.listen-address="},
        dir_.path() + "/am.log");
    ASSERT_TRUE(process_->started());
    ASSERT_TRUE(run_until(loop_, [&] { return get(port_, "/-/ready").find("OK") == 0; }));
  }
  // Subjects of the alerts that Alertmanager shows as active.
  [[nodiscard]] std::set<std::string> active() const {
    std::set<std::string> subjects;
    const auto json =
        nlohmann::json::parse(get(port_, "/api/v2/alerts?active=true"), nullptr, false);
    if (!json.is_array()) return {"no answer"};
    for (const auto& alert : json) {
      EXPECT_EQ(alert["annotations"]["runbook_url"], "https://runbook/");
      subjects.insert(alert["labels"]["subject"].get<std::string>());
    }
    return subjects;
  }
  bool shows(const std::string& down, const std::set<std::string>& subjects,
             Duration limit = std::chrono::seconds(20)) {
    return run_until(
        loop_,
        [&] {
          desk_->observe(network(config_, down));
          return active() == subjects;
        },
        limit);
  }

  TempDir dir_;
  PollLoop loop_;
  RecordingLog log_;
  Config config_;
  int port_ = free_port();
  std::unique_ptr<Process> process_;
  std::unique_ptr<AlertDesk> desk_;
};

TEST_F(RealAlertmanager, ShowsAnAlertEndsItAndLearnsAllAgainAfterARestart) {
  start_alertmanager();
  auto opened = AlertDesk::open(loop_, log_, config_, "http://127.0.0.1:9690/");
  ASSERT_TRUE(opened) << opened.error();
  desk_ = std::move(opened).value();
  EXPECT_TRUE(shows("l0", {"link l0"}));
  EXPECT_TRUE(shows("l0 l1", {"link l0", "link l1"}));
  EXPECT_TRUE(shows("l1", {"link l1"}));
  process_->kill();
  desk_->observe(network(config_, "l1 l2"));
  run_for(loop_, 300ms);  // an attempt at nobody
  start_alertmanager();
  EXPECT_TRUE(shows("l1 l2", {"link l1", "link l2"}, 35s));
  EXPECT_TRUE(shows("", {}));
  EXPECT_TRUE(run_until(
      loop_, [&] { return desk_->board()->channels.at(0).delivered == 6; }));  // 3 of each
  EXPECT_EQ(desk_->board()->channels.at(0).refused, 0U);
}

}  // namespace
}  // namespace itnxt::test
