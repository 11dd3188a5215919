// CURVE at the way out: which keys an endpoint has, and what to do where it refuses them. Internal
// to the outlet.
#pragma once

#include <optional>
#include <string>

#include "daemon/io/outlet.hpp"

namespace itnxt {

std::optional<CurveKeys> curve_of(const OutletConfig& config, const std::string& endpoint);

// For people: what happened and what to do. Names this node's public key where the other side has
// to be told it.
std::string refusal_text(const OutletConfig& config, const std::string& endpoint,
                         HandshakeFault fault);

}  // namespace itnxt
