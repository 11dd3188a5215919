// JSON Schema draft-07, as much of it as config/itnxt.schema.json uses. A keyword that is not
// implemented here throws, so that the schema cannot say what no test reads.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace itnxt::testing_support {

// "" when `value` fits, else a message that says where it does not.
std::string validate(const nlohmann::json& root, const nlohmann::json& value);

// Does a POSIX extended expression match somewhere in `text`? (std::regex of g++ 12 does not
// compile without warnings under the sanitizers.)
bool matches(const std::string& text, const std::string& pattern);

}  // namespace itnxt::testing_support
