#include "daemon/notify/http_answer.hpp"

#include <algorithm>

namespace itnxt {

Answer answer_of(const HttpAnswer& response) {
  if (response.status >= 200 && response.status < 300) return {Answer::Kind::delivered, {}, ""};
  if (response.status == 0) return {Answer::Kind::retry, {}, response.problem};
  const std::string problem = "HTTP status " + std::to_string(response.status);
  // Only what speaks of the message itself. 401, 404 and their kin speak of the way to the receiver
  // (a proxy while it is redeployed, a key that is replaced): the page is owed until it is mended.
  const bool refused = response.status == 400 || response.status == 413 || response.status == 422;
  if (refused) return {Answer::Kind::refused, {}, problem};
  return {Answer::Kind::retry, response.retry_after, problem};
}

std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "";
  const std::size_t begin = scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::size_t at = url.rfind('@', end);
  const std::size_t host = at != std::string::npos && at >= begin && at < end ? at + 1 : begin;
  return url.substr(0, begin) + url.substr(host, end - host);
}

}  // namespace itnxt
