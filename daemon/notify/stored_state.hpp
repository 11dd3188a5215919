// The state of alerting as it lies in the store: which change becomes which record, and back.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/crisis.hpp"
#include "daemon/alert/deliveries.hpp"
#include "daemon/alert/engine.hpp"
#include "daemon/alert/incidents.hpp"
#include "daemon/io/store.hpp"

namespace itnxt {

void record(const std::vector<Transition>& transitions, StoreChanges& records);
void record(const ActiveAlert& active, StoreChanges& records);
void record(const Engine::Ends& ends, StoreChanges& records);
void record(const IncidentChanges& changes, StoreChanges& records);
void record(const Incidents::Merged& merged, StoreChanges& records);
void record(const DeliveryChanges& changes, StoreChanges& records);
void record(const CrisisMemory& crisis, StoreChanges& records);

struct StoredState {
  std::vector<ActiveAlert> active;
  std::vector<EndedAlert> ended;
  std::vector<Incident> incidents;
  std::vector<Delivery> deliveries;
  std::optional<CrisisMemory> crisis;
  StoreChanges unreadable;  // drops what is damaged, or nothing we know
};
StoredState read_stored_state(const std::vector<StoreRow>& rows);

}  // namespace itnxt
