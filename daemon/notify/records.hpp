// The state of alerting as JSON, one record each, for the store. A record that cannot be read back
// (damaged, or of another version) is absent, never half.
#pragma once

#include <optional>
#include <string>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/crisis.hpp"

namespace itnxt {

// The shelves of the store.
inline const std::string kAlertShelf = "alert";
inline const std::string kEndedShelf = "ended";
inline const std::string kIncidentShelf = "incident";
inline const std::string kDeliveryShelf = "delivery";
inline const std::string kCrisisShelf = "crisis";

std::string encode(const ActiveAlert& active);
std::string encode(const EndedAlert& ended);
std::string encode(const Incident& incident);
std::string encode(const Delivery& delivery);
std::string encode(const CrisisMemory& crisis);

std::optional<ActiveAlert> decode_active(const std::string& text);
std::optional<EndedAlert> decode_ended(const std::string& text);
std::optional<Incident> decode_incident(const std::string& text);
std::optional<Delivery> decode_delivery(const std::string& text);
std::optional<CrisisMemory> decode_crisis(const std::string& text);

}  // namespace itnxt
