#include "collectors/snmp/interface_check.hpp"

#include "daemon/core/text.hpp"

namespace itnxt::snmp {
namespace {

constexpr Oid kAdminStatus = detail::if_entry(7);
constexpr Oid kOperStatus = detail::if_entry(8);
constexpr Oid kIfName = detail::ifx_entry(1);
constexpr EncodedOid kAdminPrefix(kAdminStatus);
constexpr EncodedOid kOperPrefix(kOperStatus);
constexpr EncodedOid kNamePrefix(kIfName);

// Of an enumeration 1 … most; anything else is unknown.
template <class Status>
Status status_of(const Varbind& varbind, Status most) {
  const auto number = varbind.number();
  if (!number || *number > static_cast<std::uint64_t>(most)) return Status::unknown;
  return static_cast<Status>(*number);
}

}  // namespace

Request InterfaceCheck::request() const {
  Request request;
  request.add(kAdminStatus.with(if_index_));
  request.add(kOperStatus.with(if_index_));
  if (policy_.version != Version::v1) request.add(kIfName.with(if_index_));
  return request;
}

void InterfaceCheck::answer(const Message& reply, Instant /*now*/) {
  done_ = true;
  if (reply.error_status != kNoError) return;
  InterfaceStatus status;
  status.if_index = if_index_;
  Varbinds varbinds = reply.begin();
  while (const auto varbind = varbinds.next()) {
    if (row_of(varbind->oid, kAdminPrefix.view()) == if_index_) {
      status.admin = status_of(*varbind, AdminStatus::testing);
    } else if (row_of(varbind->oid, kOperPrefix.view()) == if_index_) {
      status.oper = status_of(*varbind, OperStatus::lower_layer_down);
    } else if (row_of(varbind->oid, kNamePrefix.view()) == if_index_ &&
               varbind->type == Type::octets) {
      status.if_name = sanitize(varbind->text());
    }
  }
  if (status.oper != OperStatus::unknown) found_ = std::move(status);
}

}  // namespace itnxt::snmp
