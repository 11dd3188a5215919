// What channels over HTTP share: how an answer is judged, how a receiver is named in a log, how
// labels look in JSON.
#pragma once

#include <string>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/outbox.hpp"
#include "daemon/io/http_client.hpp"

namespace itnxt {

// 2xx delivered; 400, 413, 422 refused: they are about the message itself; the rest, no answer
// included, to be tried again.
Answer answer_of(const HttpAnswer& response);

// scheme://host:port of a URL: what may stand in a log, where a path or query may be a secret.
std::string origin_of(const std::string& url);

// As a JSON object of strings, in the order of the keys.
template <class Json>
Json labels_json(const Labels& labels) {
  Json json = Json::object();
  for (const auto& [key, value] : labels) json[key] = value;
  return json;
}

// Bytes that are no UTF-8 are replaced: a text is sent, not refused.
template <class Json>
std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace itnxt
