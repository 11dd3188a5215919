#include "daemon/io/outlet_curve.hpp"

#include "daemon/io/zmq_security.hpp"

namespace itnxt {

std::optional<CurveKeys> curve_of(const OutletConfig& config, const std::string& endpoint) {
  if (!config.curve) return std::nullopt;
  const auto found = config.curve->aggregator_keys.find(endpoint);
  if (found == config.curve->aggregator_keys.end()) return std::nullopt;
  return CurveKeys{config.curve->secret_key.reveal(), found->second};
}

std::string refusal_text(const OutletConfig& config, const std::string& endpoint,
                         HandshakeFault fault) {
  const std::string what = "transport.aggregators " + endpoint + ": ";
  const auto keys = curve_of(config, endpoint);
  const auto own = keys ? curve_public_key(keys->secret) : Result<std::string>(std::string());
  switch (fault) {
    case HandshakeFault::key:
      return what + "the aggregator refuses the key of this node; put " + config.node.text() +
             ": \"" + (own ? *own : "") +
             "\" into aggregator.curve.nodes of its configuration and reload it";
    case HandshakeFault::mechanism:
      return what + (keys ? "the aggregator has no aggregator.curve; give it one, or take its key "
                            "out of transport.curve.aggregator_keys"
                          : "the aggregator asks for CURVE; put its public key into "
                            "transport.curve.aggregator_keys");
    case HandshakeFault::cryptography:
    case HandshakeFault::ended:
      return what + (keys ? "the connection ended while keys were exchanged; is the one in "
                            "transport.curve.aggregator_keys that of the aggregator there?"
                          : "the connection ended before it began");
    case HandshakeFault::protocol:
      return what + "what answers there is no aggregator; mend the endpoint";
  }
  return what;
}

}  // namespace itnxt
