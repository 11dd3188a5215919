// The trap collector's parts in one place: the port, who is believed, what is told. See
// collector.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/kept_file.hpp"
#include "collectors/trap/ignored.hpp"
#include "collectors/trap/limits.hpp"
#include "collectors/trap/listener.hpp"
#include "collectors/trap/names.hpp"
#include "collectors/trap/notification.hpp"
#include "collectors/trap/port_names.hpp"
#include "collectors/trap/report.hpp"
#include "collectors/trap/security.hpp"
#include "collectors/trap/senders.hpp"
#include "daemon/config/config.hpp"
#include "daemon/io/resolver.hpp"

namespace itnxt::trap {

class TrapCollector final : public Collector, private PollListener {
 public:
  TrapCollector(TrapCollectorConfig config, CollectorContext context, Resolver::Lookup lookup);
  ~TrapCollector() override;

  void start() override;
  // Takes anything: who is believed and where it listens may change, what has been seen and counted
  // stays.
  bool update(const CollectorConfig& config) override;

  // Where it listens; 0: nowhere. For tests, which take any port.
  [[nodiscard]] std::uint16_t port() const { return listener_ ? listener_->port() : 0; }
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  // Encodes what an inform is answered with, in answer_room_; empty: a trap.
  using Answer = std::function<snmp::ByteView()>;

  // collector.cpp
  void take_inventory();
  void open();
  void close();
  void on_readable();
  void tick();
  void look_up_names();
  void resolved(std::size_t token, Result<Address> address);
  void tell_ignored();
  void keep_ignored();
  void tell_missing();
  void publish();

  // receive.cpp
  void receive(const Listener::Datagram& datagram);
  void receive_v3(const usm::V3Message& message, const Listener::Datagram& datagram);
  // `engine`: that sent it; empty: before version 3.
  void accept(const Notification& note, const Senders::Found& devices, snmp::ByteView engine,
              const Listener::Datagram& datagram, const Answer& answer);
  // `user`: of version 3.
  void ignore(Reason reason, const Listener::Datagram& datagram, std::string_view user = {});
  void report_back(const usm::V3Message& message, const Security::Verdict& verdict,
                   const Listener::Datagram& datagram);
  void reply(const Listener::Datagram& datagram, snmp::ByteView bytes);
  [[nodiscard]] Senders::Found devices_of(const usm::V3Message& message,
                                          const Security::Verdict& verdict,
                                          const Notification& note, const Address& from) const;
  [[nodiscard]] Event stamped(Event event) const;
  void report(Event event);
  // `unnamed`: its interface, where the trap gave the number only; else 0.
  void put_aside(Event event, std::uint32_t unnamed);
  void report_aside();
  void report_inform(Event event, std::uint64_t identity, const Listener::Datagram& datagram,
                     snmp::ByteView answer);

  // look.cpp
  // True: it is the reason for a poll that has begun.
  bool look(const Notification& note, const Senders::Found& devices);
  bool poll(const DeviceName& device, const PollReason& reason);
  void arm_pace();
  void seen(const DeviceName& device, const InterfaceStatus& now) override;
  void lost(const DeviceName& device, const InterfaceStatus& now) override;
  void confirmed(const DeviceName& device) override;
  void contradicted(const DeviceName& device, std::uint32_t if_index) override;

  TrapCollectorConfig config_;  // but for its targets
  CollectorContext context_;
  usm::SaltCounter salts_;
  const std::uint64_t hash_key_;
  std::optional<Security> security_;  // from the start on
  Senders senders_;
  std::size_t generation_ = 0;  // of senders_: an answer to an older one's question is dropped
  Resolver resolver_;
  std::optional<Instant> names_asked_at_;

  StormLimit storm_;
  StormLimit reports_limit_;
  PollPace pace_;
  Seen seen_;
  std::unordered_set<std::uint64_t> unkept_;  // informs whose event is not on the disk yet
  std::shared_ptr<TrapCollector*> alive_ = std::make_shared<TrapCollector*>(this);
  // Traps whose device is being asked: what it says has the disk first, and may name an interface.
  // In order, before any other report of ours.
  struct Aside {
    Event event;
    std::uint32_t unnamed = 0;
  };
  std::vector<Aside> aside_;
  Timer aside_timer_;
  MissingTraps missing_;
  PortNames port_names_;
  Ignored ignored_;
  std::optional<Instant> ignored_told_at_;
  std::optional<KeptFile> ignored_file_;
  std::uint64_t ignored_kept_ = 0;
  int file_error_ = 0;
  std::optional<Instant> storms_told_at_;
  std::map<DeviceName, Instant> not_polled_told_;
  std::optional<Instant> published_at_;
  Totals totals_;

  std::vector<std::uint8_t> plain_, answer_room_, pdu_room_;
  std::optional<Listener> listener_;
  std::uint64_t drops_before_ = 0;  // of listeners that were closed
  std::string listen_problem_;
  Duration reopen_after_ = 1s;
  Watch watch_;
  Timer reopen_;
  Timer tick_;
  Timer pace_timer_;
  Registration listening_;
};

}  // namespace itnxt::trap
