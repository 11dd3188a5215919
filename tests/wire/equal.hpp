// Samples are no comparable values by themselves; a codec's test needs them to be.
#pragma once

#include "daemon/core/sample.hpp"

namespace itnxt {

inline bool operator==(const InterfaceSample& a, const InterfaceSample& b) {
  return a.if_index == b.if_index && a.if_name == b.if_name && a.if_descr == b.if_descr &&
         a.if_alias == b.if_alias && a.phys_address == b.phys_address && a.admin == b.admin &&
         a.oper == b.oper && a.speed == b.speed && a.discontinuity == b.discontinuity &&
         a.at == b.at && a.uptime == b.uptime && a.counters == b.counters;
}
inline bool operator==(const DeviceSample& a, const DeviceSample& b) {
  return a.device == b.device && a.at == b.at && a.interval == b.interval && a.took == b.took &&
         a.result == b.result && a.problem == b.problem && a.uptime == b.uptime &&
         a.sys_name == b.sys_name && a.sys_descr == b.sys_descr &&
         a.sys_object_id == b.sys_object_id && a.complete == b.complete &&
         a.answered == b.answered && a.own == b.own && a.if_number == b.if_number &&
         a.if_table_last_change == b.if_table_last_change && a.interfaces == b.interfaces &&
         a.totals == b.totals;
}
inline bool operator==(const CaptureSample& a, const CaptureSample& b) {
  return a.capture == b.capture && a.at == b.at && a.interval == b.interval && a.open == b.open &&
         a.source == b.source && a.traffic == b.traffic && a.dropped == b.dropped &&
         a.malformed == b.malformed;
}
inline bool operator==(const Batch& a, const Batch& b) {
  return a.node == b.node && a.collector == b.collector && a.epoch == b.epoch &&
         a.sequence == b.sequence && a.lost == b.lost && a.waiting == b.waiting &&
         a.sent_wall == b.sent_wall && a.closed_at == b.closed_at &&
         a.closed_wall == b.closed_wall && a.interval == b.interval && a.samples == b.samples;
}

}  // namespace itnxt
