// JSON Schema draft-07, as much of it as config/itnxt.schema.json uses. A keyword that is not
// implemented here throws, so that the schema cannot say what no test reads.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace itnxt::testing_support {

// "" when `value` fits, else a message that says where it does not.
std::string validate(const nlohmann::json& root, const nlohmann::json& value);

}  // namespace itnxt::testing_support
