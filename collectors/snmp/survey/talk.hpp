// Question and answer with one device over a Wire: requests are encoded for whoever asks, repeated
// after silence, and matched with their replies. Pure but for the randomness of its request IDs.
//
// The collector does the same for thousands of devices at once, on a loop; here one request is
// under way at a time, so that a tool can ask in the order in which it thinks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/snmp/request.hpp"
#include "collectors/snmp/request_ids.hpp"
#include "collectors/snmp/survey/facts.hpp"
#include "collectors/snmp/survey/wire.hpp"
#include "collectors/snmp_protocol/message.hpp"
#include "collectors/snmp_protocol/usm/engine.hpp"

namespace itnxt::snmp::survey {

// Who asks: a community under one version, or a user of version 3 with what was learned of the
// device's engine.
class Speaker {
 public:
  // Version 3: refused by usm::make_user().
  [[nodiscard]] static Result<Speaker> make(const Credentials& credentials, usm::KeyCache& keys);
  [[nodiscard]] SnmpVersion version() const { return version_; }

 private:
  friend class Talk;
  SnmpVersion version_ = SnmpVersion::v2c;
  std::string community_;
  std::optional<usm::SecurityState> security_;
};

struct Tries {
  Duration patience = 1s;  // of the first; each further one half as long again
  std::uint32_t count = 2;
};

struct Answer {
  enum class Kind : std::uint8_t {
    message,   // an SNMP response, which may bear an error status
    silence,   // `why` when something is known of it
    refusal,   // version 3: the device says why, in `why`
    not_sent,  // `why`
  };
  Kind kind = Kind::silence;
  Message message;        // a view, valid until the next question
  std::size_t bytes = 0;  // of the datagram
  std::uint32_t tries = 0;
  std::string why;
  // A response without an error.
  [[nodiscard]] bool good() const {
    return kind == Kind::message && message.error_status == kNoError;
  }
};

class Talk {
 public:
  // `wire` outlives it; `salts` too, and may be null where nobody speaks version 3.
  Talk(Wire& wire, const Address& device, usm::SaltCounter* salts)
      : wire_(wire), device_(device), salts_(salts) {}

  [[nodiscard]] Answer ask(Speaker& who, const Request& request, Tries tries);
  // The empty question of version 3, which everybody may ask (RFC 3414 §4).
  [[nodiscard]] bool discover(Tries tries);
  // Its bytes, for who wants to send it by other means.
  [[nodiscard]] ByteView discovery(std::int32_t message_id, std::span<std::uint8_t> buffer);
  // Lets time pass.
  void wait(Duration time);
  [[nodiscard]] Instant now() const { return wire_.now(); }
  [[nodiscard]] bool over() const { return wire_.over(); }

  // What was seen so far.
  [[nodiscard]] const std::optional<Engine>& engine() const { return engine_; }
  [[nodiscard]] RoundTrips round_trips() const;
  [[nodiscard]] const std::vector<std::string>& strangers() const { return strangers_; }
  [[nodiscard]] std::uint32_t late() const { return late_; }
  [[nodiscard]] std::uint32_t malformed() const { return malformed_; }

 private:
  enum class Heard : std::uint8_t { nothing, answer, again };
  [[nodiscard]] ByteView encode(Speaker& who, const Request& request);
  [[nodiscard]] Heard hear(Speaker& who, const UdpSocket::Datagram& datagram, Answer& answer);
  [[nodiscard]] Heard hear(Speaker& who, const usm::V3Message& message, Answer& answer);
  [[nodiscard]] bool is_stranger(const UdpSocket::Datagram& datagram, std::int32_t id);
  void answered(Instant sent, std::uint32_t tries);
  [[nodiscard]] bool unanswered(Speaker& who);

  Wire& wire_;
  Address device_;
  usm::SaltCounter* salts_;
  RequestIds ids_;
  std::int32_t id_ = 0;  // of the request under way
  usm::Exchange exchange_;
  std::vector<std::uint8_t> out_ = std::vector<std::uint8_t>(2048);
  std::vector<std::uint8_t> plain_;
  std::optional<Engine> engine_;
  std::vector<Duration> times_;
  std::uint32_t sent_ = 0;
  std::uint32_t late_ = 0;
  std::uint32_t malformed_ = 0;
  std::vector<std::string> strangers_;
};

}  // namespace itnxt::snmp::survey
