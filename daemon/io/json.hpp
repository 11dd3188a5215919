// What the API is made of. Keys stay in the order in which they are put in.
#pragma once

#include <nlohmann/json.hpp>

namespace itnxt {

using Json = nlohmann::ordered_json;

}  // namespace itnxt
