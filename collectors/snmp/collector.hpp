// Polls IF-MIB of many devices by SNMP 1, 2c and 3: one thread, a handful of sockets, one timer for
// all of them. A DeviceSample per device and interval, also when it does not answer; devices are
// spread over the interval by their names and keep their place. A poll ends before the next of its
// device begins. Another collector may ask for a poll out of turn (PollRequests).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/snmp/memory_schedule.hpp"
#include "collectors/snmp/memory_store.hpp"
#include "collectors/snmp/request_ids.hpp"
#include "collectors/snmp/schedule.hpp"
#include "collectors/snmp/send_queue.hpp"
#include "collectors/snmp/session.hpp"
#include "collectors/snmp/socket_pool.hpp"
#include "collectors/snmp/udp.hpp"
#include "collectors/snmp_protocol/usm/registry.hpp"
#include "daemon/config/config.hpp"
#include "daemon/io/resolver.hpp"

namespace itnxt {

class SnmpCollector final : public Collector, private DevicePoller {
 public:
  // Names are looked up again this often, and after every poll without an answer.
  static constexpr Duration kResolveEvery = 5min;

  SnmpCollector(SnmpCollectorConfig config, CollectorContext context);
  SnmpCollector(SnmpCollectorConfig config, CollectorContext context, Resolver::Lookup lookup);

  ~SnmpCollector() override;

  void start() override;
  // Takes anything but another interval, which is another place for every device. A device whose
  // address and credentials are as before keeps its place, its poll under way, its socket and its
  // security; one that has others keeps its place and what it has shown to bear.
  bool update(const CollectorConfig& config) override;

  // Datagrams received and not used so far.
  [[nodiscard]] std::uint64_t ignored(snmp::Ignored reason) const {
    return ignored_[static_cast<std::size_t>(reason)].datagrams;
  }

  // How often devices broke a rule so far.
  [[nodiscard]] const snmp::RuleCounts& broken_rules() const { return broken_rules_; }
  // Datagrams to and from devices so far.
  struct Traffic {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  [[nodiscard]] std::size_t open_sockets() const { return sockets_.size(); }

 private:
  using Session = snmp::Session;
  using ByteView = snmp::ByteView;
  struct IgnoredCount {
    std::uint64_t datagrams = 0;
    std::uint64_t told = 0;
    Address last_from;
  };

  // collector_devices.cpp: whom it polls
  [[nodiscard]] std::unique_ptr<Session> make_session(const SnmpTarget& target,
                                                      snmp::usm::KeyCache& keys);
  void add(const SnmpTarget& target, snmp::usm::KeyCache& keys);
  void change(std::uint32_t device, const SnmpTarget& target, snmp::usm::KeyCache& keys);
  void remove(std::uint32_t device);
  void detach(std::uint32_t device);
  void index_addresses();
  void recall();
  void remember();
  void remember_later();
  [[nodiscard]] static std::uint64_t learned_of(const Session& session);
  void note_learned(Session& session);

  // collector.cpp: time
  [[nodiscard]] Session& at(std::uint32_t device) { return *sessions_[device]; }
  void arm();
  void on_timer();
  void due(std::uint32_t device);
  void begin_poll(std::uint32_t device);
  void begin_walk(std::uint32_t device);
  [[nodiscard]] snmp::WalkPolicy policy_of(const Session& session) const;
  [[nodiscard]] std::string why_not(const Session& session) const;
  void proceed(std::uint32_t device);
  void end_poll(std::uint32_t device);
  bool begin_profiles(Session& session, const DeviceSample& poll);
  void end_profiles(std::uint32_t device);
  // Whether it tells of a change.
  bool publish(std::uint32_t device, DeviceSample sample);
  void tell(Session& session, const DeviceSample& sample);
  // What was seen of it, over restarts: by the sink, with the events. Of who is polled no more
  // nothing: it is another device, or another time, should the name come again.
  void keep_changes(Session& session);
  void recall_changes(Session& session);
  void forget_changes(const DeviceName& device);
  void forget_changes_of_others();
  void lookup(std::uint32_t device);
  void resolved(std::size_t lookup, Result<Address> address);

  // collector_now.cpp: what is asked out of turn
  bool poll_now(const DeviceName& device, const PollReason& reason) override;
  [[nodiscard]] bool knows(const DeviceName& device, std::uint32_t if_index,
                           bool up) const override;
  [[nodiscard]] std::optional<DeviceName> device_of(ByteView engine) const override;
  void end_check(std::uint32_t device);
  void rest(std::uint32_t device);
  static void correct(Session& session, DeviceSample& sample);
  void thin_out(Session& session, DeviceSample& sample, const std::vector<Event>& events) const;

  // collector_security.cpp: version 3
  void secure(Session& session, snmp::usm::KeyCache& keys);
  static void suspect(Session& session, std::string reason, bool credentials);
  static void suspect_silence(Session& session);
  void unanswered(Session& session);
  void judge(std::uint32_t device, const snmp::usm::V3Message& message, const Address& from);
  void tell(Session& session, const snmp::usm::Finding& finding);
  void tell_shared_engines();

  // collector_send.cpp: the sockets, and what goes out
  void open_socket();
  void lose_socket(snmp::SocketPool::Id socket, std::string_view why);
  void choose_socket(Session& session);
  void ask(std::uint32_t device);
  snmp::ByteView encode(Session& session, std::span<std::uint8_t> room);
  void forget_request(Session& session);
  void flush();
  [[nodiscard]] std::size_t fill_batch();
  [[nodiscard]] bool send_batch(std::size_t count);
  [[nodiscard]] std::size_t send_run(std::size_t first, std::size_t count, snmp::UdpSocket& socket);
  void sent(std::uint32_t device);

  // collector_receive.cpp: what comes in
  void on_readable(snmp::SocketPool::Id socket);
  void receive(const snmp::UdpSocket::Datagram& datagram, snmp::SocketPool::Id socket);
  void receive(const snmp::Message& message, const Address& from, snmp::SocketPool::Id socket);
  void receive(const snmp::usm::V3Message& message, const Address& from,
               snmp::SocketPool::Id socket);
  void malformed(snmp::Fault fault, const Address& from);
  void ignore(snmp::Ignored reason, const Address& from);
  void ignore(Session& session, snmp::Ignored reason, const Address& from);
  void ignore_unasked(std::int32_t id, const Address& from);
  void tell_ignored();
  void add_totals(DeviceSample& sample);

  struct User {
    Credentials credentials;
    Result<std::shared_ptr<const snmp::usm::User>> user;
  };

  SnmpCollectorConfig config_;  // but for its targets: they stand in the sessions
  CollectorContext context_;
  bool started_ = false;
  std::vector<std::unique_ptr<Session>> sessions_;  // by device; null: a free place
  std::vector<std::uint32_t> free_;
  std::unordered_map<DeviceName, std::uint32_t> by_name_;
  std::unordered_map<Address, std::uint32_t, AddressHash> by_address_;
  snmp::Schedule schedule_;
  snmp::RequestIds ids_;
  snmp::RequestTable requests_;
  snmp::SendQueue queue_;
  std::array<std::uint32_t, snmp::UdpSocket::kBatch> batch_{};  // devices
  std::array<snmp::UdpSocket::Datagram, snmp::UdpSocket::kBatch> datagrams_{};
  std::vector<std::uint8_t> arena_;  // their bytes
  std::vector<std::uint8_t> plain_;  // of a reply that came enciphered
  std::optional<snmp::usm::SaltCounter> salts_;
  std::map<std::string, User> users_;  // by the name of their credentials
  snmp::usm::EngineRegistry engines_;
  std::uint64_t jitter_ = 0;

  std::array<IgnoredCount, snmp::kIgnored> ignored_;  // by snmp::Ignored
  std::optional<Instant> ignored_told_at_;
  std::optional<Instant> totals_told_at_;

  snmp::RuleCounts broken_rules_;
  Traffic traffic_;
  std::string socket_problem_ = "not started";
  Duration reopen_after_ = 1s;
  snmp::SocketPool sockets_;
  snmp::MemoryStore memories_;
  Resolver resolver_;
  std::unordered_map<std::size_t, std::uint32_t> lookups_;  // under way, with their devices
  std::size_t lookups_made_ = 0;
  Instant armed_for_{};
  Timer timer_;
  Timer resend_;
  Timer reopen_;
  Timer remember_;
  snmp::MemorySchedule memory_schedule_;
  Registration served_;
};

std::unique_ptr<Collector> make_snmp_collector(const SnmpCollectorConfig& config,
                                               CollectorContext context);

}  // namespace itnxt
