// Requests that the test answers.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/io/http_client.hpp"

namespace itnxt::test {

class FakeHttp final : public HttpPoster {
 public:
  [[nodiscard]] Registration post(HttpRequest request, Done done) override {
    struct Call final : Registration::State {
      std::weak_ptr<std::map<int, Done>> waiting;
      int id = 0;
      ~Call() override {
        if (const auto alive = waiting.lock()) alive->erase(id);
      }
    };
    requests.push_back(std::move(request));
    auto call = std::make_unique<Call>();
    call->waiting = waiting_;
    call->id = static_cast<int>(requests.size()) - 1;
    (*waiting_)[call->id] = std::move(done);
    return Registration(std::move(call));
  }
  // Answers request number `at`; false when nobody waits for it any more.
  bool answer(std::size_t at, int status, std::optional<Duration> retry_after = {},
              std::string body = {}) {
    HttpAnswer response;
    response.status = status;
    response.problem = status == 0 ? "Timeout was reached" : "";
    response.retry_after = retry_after;
    response.body = std::move(body);
    response.took = std::chrono::milliseconds(250);
    return give(at, std::move(response));
  }
  bool answer_redirect(std::size_t at, int status, std::string location) {
    HttpAnswer response;
    response.status = status;
    response.location = std::move(location);
    return give(at, std::move(response));
  }
  std::vector<HttpRequest> requests;

 private:
  bool give(std::size_t at, HttpAnswer response) {
    const auto node = waiting_->extract(static_cast<int>(at));
    if (node.empty()) return false;
    node.mapped()(std::move(response));
    return true;
  }

  std::shared_ptr<std::map<int, Done>> waiting_ = std::make_shared<std::map<int, Done>>();
};

}  // namespace itnxt::test
