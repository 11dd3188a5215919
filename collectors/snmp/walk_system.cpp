// The part of a walk that reads the system group.
#include <string>
#include <utility>

#include "collectors/snmp/walk.hpp"
#include "collectors/snmp/walk_detail.hpp"
#include "daemon/core/text.hpp"

namespace itnxt::snmp {

void Walk::store_scalar(Scalar scalar, const Varbind& varbind) {
  switch (scalar) {
    case Scalar::sys_uptime:
      if (const auto ticks = varbind.number(); ticks && varbind.type == Type::time_ticks) {
        uptime_ = TimeTicks{static_cast<std::uint32_t>(*ticks)};
      }
      return;
    case Scalar::sys_name:
      if (varbind.type == Type::octets) sanitize_into(sys_name_, varbind.text());
      return;
    case Scalar::sys_object_id:
      if (varbind.type == Type::oid) sys_object_id_ = dotted(varbind.value);
      return;
    case Scalar::if_number:
      if_number_ = varbind.number();
      return;
    case Scalar::if_table_last_change:
      if (const auto ticks = varbind.number(); ticks && varbind.type == Type::time_ticks) {
        table_last_change_ = TimeTicks{static_cast<std::uint32_t>(*ticks)};
      }
      return;
    case Scalar::sys_descr:
      if (varbind.type == Type::octets) sanitize_into(sys_descr_, varbind.text());
      return;
  }
}

void Walk::read_system(const Message& reply) {
  Varbinds varbinds = reply.begin();
  std::uint32_t known = 0;
  while (const std::optional<Varbind> varbind = varbinds.next()) {
    for (std::size_t i = 0; i < kMibScalars.size(); ++i) {
      if (same(varbind->oid, kMibScalars[i].encoded.view())) {
        ++known;
        store_scalar(static_cast<Scalar>(i), *varbind);
      }
    }
  }
  if (known == 0) {
    broken_rules_.add(Rule::empty);
    problem("the reply to the GET of the system group holds nothing that was asked");
  }
  // What the columns are was learned of another run of the device; and nothing is learned for ever.
  const bool restarted = memory_.uptime && uptime_ && went_back(*memory_.uptime, *uptime_);
  if (restarted || ++memory_.polls >= kColumnsAnew) {
    memory_.polls = 0;
    memory_.columns = kPrimaryColumns;
    memory_.useless = 0;
  }
  begin_tables();
}

void Walk::begin_tables() {
  if (!policy_.tables) {
    return stop("the walk of its interfaces did not end; only whether it answers is asked for now");
  }
  stage_ = Stage::table;
  begin_pass(memory_.columns);
}

// The offender is left out and the rest asked again (RFC 3416 §4.2.1: a v2c agent should not need
// this; proxies to v1 agents do).
void Walk::refused_system(const Message& reply) {
  std::size_t offender = kMibScalars.size();
  if (reply.error_status == kTooBig) {
    for (std::size_t i = 0; i < kMibScalars.size(); ++i) {
      if ((scalars_ >> i & 1U) != 0) offender = i;  // the longest stand last
    }
  } else {
    std::int64_t position = 0;
    for (std::size_t i = 0; i < kMibScalars.size(); ++i) {
      if ((scalars_ >> i & 1U) != 0 && ++position == reply.error_index) offender = i;
    }
  }
  const std::string status(error_status_name(reply.error_status));
  if (reply.error_status == kAuthorizationError) {
    denied(
        "credentials wrong: the device answers authorizationError: it lets this user or "
        "community read nothing, or only on a higher security level (auth, priv)",
        true);
    return;
  }
  if (offender == kMibScalars.size()) {
    refused_ = true;
    broken_rules_.add(Rule::refused);
    stop("refuses the GET of the system group: " + status);
    return;
  }
  if (reply.error_status == kTooBig || reply.error_status == 5) {
    problem(std::string(kMibScalars[offender].name) + ": the device answers " + status);
  }
  scalars_ &= ~(1U << offender);
  if (scalars_ == 0) begin_tables();
}

// Of the system group. No agent lacks all of it (RFC 3418), but a view may.
bool Walk::knows_nothing() const {
  return !uptime_ && !if_number_ && !table_last_change_ && sys_name_.empty() &&
         sys_descr_.empty() && sys_object_id_.empty();
}

}  // namespace itnxt::snmp
