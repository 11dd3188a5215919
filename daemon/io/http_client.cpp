#include "daemon/io/http_client.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <list>
#include <map>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>

#include "daemon/io/libcurl.hpp"
#include "daemon/io/signals.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMaxBody = std::size_t{64} * 1024;
constexpr std::size_t kMostLocation = 2048;
constexpr long kConnectTimeoutMs = 5'000;
constexpr long kTotalTimeoutMs = 10'000;
constexpr long kMaxIdleConnections = 16;

// One request on its way; lives on the client's thread.
struct Transfer {
  std::uint64_t id = 0;
  HttpRequest request;
  HttpAnswer response;
  libcurl::List headers;
  libcurl::Easy easy;
  std::array<char, CURL_ERROR_SIZE> error{};
};

struct Completion {
  std::uint64_t id = 0;
  HttpAnswer response;
};

std::size_t on_body(const char* bytes, std::size_t size, std::size_t count, void* user) {
  std::string& body = static_cast<Transfer*>(user)->response.body;
  const std::size_t given = size * count;
  if (given > kMaxBody - body.size()) {
    body.append(bytes, kMaxBody - body.size());
    return 0;  // ends the transfer; its status counts
  }
  body.append(bytes, given);
  return given;
}

// What stands behind "NAME:" in a header line; absent: it is another one's.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      curl_strnequal(line.data(), name.data(), name.size()) == 0) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  const std::size_t begin = line.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::string_view();
  return line.substr(begin, line.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t on_header(const char* bytes, std::size_t size, std::size_t count, void* user) {
  const std::string_view line(bytes, size * count);
  HttpAnswer& response = static_cast<Transfer*>(user)->response;
  if (const auto value = value_of(line, "retry-after")) {
    std::uint32_t wait = 0;
    if (std::from_chars(value->data(), value->data() + value->size(), wait).ec == std::errc()) {
      response.retry_after = std::chrono::seconds(wait);
    }
  } else if (const auto location = value_of(line, "location")) {
    response.location = location->substr(0, kMostLocation);
  }
  return size * count;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Fails only for options that this libcurl lacks or without memory; the transfer then fails.
  (void)curl_easy_setopt(easy, option, value);
}

void prepare(Transfer& transfer) {
  transfer.easy.reset(curl_easy_init());
  CURL* easy = transfer.easy.get();
  if (easy == nullptr) return;
  for (const auto& [key, value] : transfer.request.headers) {
    std::string line = key;
    line.append(": ").append(value);
    curl_slist* longer = curl_slist_append(transfer.headers.get(), line.c_str());
    if (longer == nullptr) continue;
    (void)transfer.headers.release();
    transfer.headers.reset(longer);
  }
  set(easy, CURLOPT_URL, transfer.request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs must not hold the other transfers
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(easy, CURLOPT_TIMEOUT_MS, kTotalTimeoutMs);
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body.size()));
  set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  set(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  set(easy, CURLOPT_PRIVATE, &transfer);
}

void finish(Transfer& transfer, CURLcode code) {
  HttpAnswer& response = transfer.response;
  long status = 0;
  curl_off_t micros = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_TOTAL_TIME_T, &micros);
  response.status = status >= 200 ? static_cast<int>(status) : 0;
  response.took = std::chrono::microseconds(micros);
  if (code != CURLE_OK && response.status == 0) {
    // The code's own text: the error buffer may quote the URL.
    response.problem = curl_easy_strerror(code);
  }
}

}  // namespace

struct HttpClient::World {
  // Under the mutex.
  std::mutex mutex;
  std::list<std::unique_ptr<Transfer>> submitted;
  std::list<Completion> completed;
  bool stop = false;

  // The loop's thread.
  std::map<std::uint64_t, Done> waiting;
  std::uint64_t next = 1;

  // The client's thread, but for curl_multi_wakeup().
  libcurl::Multi multi;
  std::map<std::uint64_t, std::unique_ptr<Transfer>> running;
  int fd = -1;
  std::thread thread;

  ~World() {
    if (fd >= 0) ::close(fd);
  }

  void complete(std::unique_ptr<Transfer> transfer) {
    {
      const std::lock_guard lock(mutex);
      completed.push_back({transfer->id, std::move(transfer->response)});
    }
    const std::uint64_t one = 1;
    (void)!::write(fd, &one, sizeof one);
  }

  void begin(std::unique_ptr<Transfer> transfer) {
    prepare(*transfer);
    CURL* easy = transfer->easy.get();
    if (easy == nullptr || curl_multi_add_handle(multi.get(), easy) != CURLM_OK) {
      transfer->response.problem = "out of memory";
      complete(std::move(transfer));
      return;
    }
    running[transfer->id] = std::move(transfer);
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* user = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
      const CURLcode code = message->data.result;
      auto node = running.extract(static_cast<Transfer*>(static_cast<void*>(user))->id);
      finish(*node.mapped(), code);
      curl_multi_remove_handle(multi.get(), node.mapped()->easy.get());
      complete(std::move(node.mapped()));
    }
  }

  void run() {
    while (true) {
      std::list<std::unique_ptr<Transfer>> fresh;
      {
        const std::lock_guard lock(mutex);
        if (stop) break;
        fresh.swap(submitted);
      }
      for (auto& transfer : fresh) begin(std::move(transfer));
      int active = 0;
      curl_multi_perform(multi.get(), &active);
      collect();
      curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr);
    }
    for (auto& [id, transfer] : running) {
      curl_multi_remove_handle(multi.get(), transfer->easy.get());
    }
    running.clear();
  }

  void deliver() {
    std::uint64_t count = 0;
    (void)!::read(fd, &count, sizeof count);
    std::list<Completion> ready;
    {
      const std::lock_guard lock(mutex);
      ready.swap(completed);
    }
    for (Completion& completion : ready) {
      const auto node = waiting.extract(completion.id);
      if (!node.empty()) node.mapped()(std::move(completion.response));
    }
  }
};

Result<std::unique_ptr<HttpClient>> HttpClient::start(Loop& loop) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto world = std::make_shared<World>();
  world->multi.reset(curl_multi_init());
  if (global != CURLE_OK || !world->multi) return Error{"libcurl cannot be initialised"};
  world->fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (world->fd < 0) {
    return Error{"cannot make an eventfd: " + std::generic_category().message(errno)};
  }
  curl_multi_setopt(world->multi.get(), CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(world), loop));
}

HttpClient::HttpClient(std::shared_ptr<World> world, Loop& loop) : world_(std::move(world)) {
  // `deliver` may run a callback that destroys this client: it holds the world by itself.
  completions_ = loop.watch(world_->fd, Interest::readable, [world = world_] { world->deliver(); });
  const BlockedSignals guard;
  world_->thread = std::thread([world = world_.get()] { world->run(); });
}

HttpClient::~HttpClient() {
  {
    const std::lock_guard lock(world_->mutex);
    world_->stop = true;
  }
  curl_multi_wakeup(world_->multi.get());
  world_->thread.join();
  world_->waiting.clear();
}

Registration HttpClient::post(HttpRequest request, Done done) {
  struct Call final : Registration::State {
    std::weak_ptr<World> world;
    std::uint64_t id = 0;
    ~Call() override {
      if (const auto alive = world.lock()) alive->waiting.erase(id);
    }
  };
  auto call = std::make_unique<Call>();
  call->world = world_;
  call->id = world_->next++;
  world_->waiting[call->id] = std::move(done);
  auto transfer = std::make_unique<Transfer>();
  transfer->id = call->id;
  transfer->request = std::move(request);
  {
    const std::lock_guard lock(world_->mutex);
    world_->submitted.push_back(std::move(transfer));
  }
  curl_multi_wakeup(world_->multi.get());
  return Registration(std::move(call));
}

}  // namespace itnxt
