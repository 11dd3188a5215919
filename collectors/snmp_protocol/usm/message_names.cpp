#include "collectors/snmp_protocol/usm/message.hpp"

namespace itnxt::snmp::usm {

std::string_view name(V3Fault fault) {
  switch (fault) {
    case V3Fault::bad_length:
      return "bad_length";
    case V3Fault::bad_tag:
      return "bad_tag";
    case V3Fault::bad_version:
      return "bad_version";
    case V3Fault::bad_number:
      return "bad_number";
    case V3Fault::bad_flags:
      return "bad_flags";
    case V3Fault::bad_security_model:
      return "bad_security_model";
    case V3Fault::bad_engine_id:
      return "bad_engine_id";
    case V3Fault::bad_user:
      return "bad_user";
    case V3Fault::bad_parameters:
      return "bad_parameters";
  }
  return "bad_length";
}

std::string_view name(OpenFault fault) {
  switch (fault) {
    case OpenFault::no_keys:
      return "no_keys";
    case OpenFault::wrong_digest:
      return "wrong_digest";
    case OpenFault::bad_cipher:
      return "bad_cipher";
    case OpenFault::bad_scoped_pdu:
      return "bad_scoped_pdu";
  }
  return "bad_scoped_pdu";
}

std::string_view name(UsmReport report) {
  switch (report) {
    case UsmReport::unsupported_sec_levels:
      return "usmStatsUnsupportedSecLevels";
    case UsmReport::not_in_time_windows:
      return "usmStatsNotInTimeWindows";
    case UsmReport::unknown_user_names:
      return "usmStatsUnknownUserNames";
    case UsmReport::unknown_engine_ids:
      return "usmStatsUnknownEngineIDs";
    case UsmReport::wrong_digests:
      return "usmStatsWrongDigests";
    case UsmReport::decryption_errors:
      return "usmStatsDecryptionErrors";
  }
  return "usmStats";
}

}  // namespace itnxt::snmp::usm
