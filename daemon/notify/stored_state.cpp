#include "daemon/notify/stored_state.hpp"

#include <utility>

#include "daemon/notify/records.hpp"

namespace itnxt {
namespace {

const std::string kCrisisRecord = "crisis";

StoreKey key_of(const Alert& alert) {
  return {kAlertShelf, alert.alert + '\n' + alert.subject};
}
StoreKey key_of(const EndedAlert& ended) {
  return {kEndedShelf, ended.alert + '\n' + ended.group + '\n' + ended.member};
}
StoreKey key_of(const DeliveryKey& key) {
  return {kDeliveryShelf, key.incident + '\n' + key.channel.text()};
}

template <class Value>
bool take(std::optional<Value> decoded, std::vector<Value>& into) {
  if (!decoded) return false;
  into.push_back(*std::move(decoded));
  return true;
}

bool take(const StoreRow& row, StoredState& state) {
  if (row.shelf == kAlertShelf) return take(decode_active(row.body), state.active);
  if (row.shelf == kEndedShelf) return take(decode_ended(row.body), state.ended);
  if (row.shelf == kIncidentShelf) return take(decode_incident(row.body), state.incidents);
  if (row.shelf == kDeliveryShelf) return take(decode_delivery(row.body), state.deliveries);
  if (row.shelf != kCrisisShelf || row.key != kCrisisRecord) return false;
  state.crisis = decode_crisis(row.body);
  return state.crisis.has_value();
}

}  // namespace

void record(const std::vector<Transition>& transitions, StoreChanges& records) {
  for (const Transition& transition : transitions) {
    switch (transition.change) {
      case AlertChange::pending:
      case AlertChange::firing:
        record(transition.active, records);
        break;
      case AlertChange::dropped:
      case AlertChange::resolved:
        records[key_of(transition.active.alert)] = std::nullopt;
        break;
    }
  }
}

void record(const ActiveAlert& active, StoreChanges& records) {
  records[key_of(active.alert)] = encode(active);
}

void record(const Engine::Ends& ends, StoreChanges& records) {
  for (const EndedAlert& one : ends.over) records[key_of(one)] = std::nullopt;
  for (const EndedAlert& one : ends.begun) records[key_of(one)] = encode(one);
}

void record(const IncidentChanges& changes, StoreChanges& records) {
  for (const Incident& one : changes.kept) records[{kIncidentShelf, one.id}] = encode(one);
  for (const std::string& id : changes.gone) records[{kIncidentShelf, id}] = std::nullopt;
}

void record(const Incidents::Merged& merged, StoreChanges& records) {
  for (const Incident& one : merged.outlived) records[{kIncidentShelf, one.id}] = std::nullopt;
  for (const std::string& id : merged.unsaid) records[{kIncidentShelf, id}] = std::nullopt;
}

void record(const DeliveryChanges& changes, StoreChanges& records) {
  for (const Delivery& one : changes.changed) {
    records[key_of(DeliveryKey{one.incident, one.channel})] = encode(one);
  }
  for (const DeliveryKey& key : changes.gone) records[key_of(key)] = std::nullopt;
}

void record(const CrisisMemory& crisis, StoreChanges& records) {
  records[{kCrisisShelf, kCrisisRecord}] = encode(crisis);
}

StoredState read_stored_state(const std::vector<StoreRow>& rows) {
  StoredState state;
  for (const StoreRow& row : rows) {
    if (!take(row, state)) state.unreadable[{row.shelf, row.key}] = std::nullopt;
  }
  return state;
}

}  // namespace itnxt
