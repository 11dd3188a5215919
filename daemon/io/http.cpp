#include "daemon/io/http.hpp"

#include <microhttpd.h>

#include <exception>
#include <optional>
#include <utility>

#include "daemon/io/event_list.hpp"
#include "daemon/io/http_accept.hpp"
#include "daemon/io/http_deadlines.hpp"
#include "daemon/io/http_gzip.hpp"
#include "daemon/io/http_listen.hpp"
#include "daemon/io/signals.hpp"
#include "daemon/io/status_page.hpp"

namespace itnxt {
namespace {

constexpr unsigned kThreads = 2;
constexpr unsigned kConnections = 1024;
constexpr unsigned kConnectionsOfOneAddress = 768;
constexpr unsigned kTimeoutSeconds = 10;
constexpr std::size_t kConnectionMemory = std::size_t{32} << 10U;
constexpr std::size_t kBlock = std::size_t{32} << 10U;
constexpr std::string_view kApi = "/api/v1/";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json; charset=utf-8";

struct Request {
  std::string_view path;
  std::string_view accept;
  // The query's.
  std::optional<std::string> device;
  std::optional<std::string> limit;
  std::optional<std::string> since;
};

struct Answer {
  unsigned code = MHD_HTTP_OK;
  std::string type = kText;
  BodyReader body;
  std::string_view path = "other";  // as counted: never what the client sent
  std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
};

Answer text_answer(std::string_view path, unsigned code, std::string text) {
  Answer answer;
  answer.path = path;
  answer.code = code;
  answer.body = text_body(std::move(text));
  return answer;
}

std::string_view header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<std::string> argument(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool has_body(MHD_Connection* connection) {
  const std::string_view length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return (!length.empty() && length != "0") ||
         !header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).empty();
}

ssize_t read_body(void* body, std::uint64_t, char* buffer, std::size_t size) {
  try {
    const std::size_t got = (*static_cast<BodyReader*>(body))(buffer, size);
    return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : static_cast<ssize_t>(got);
  } catch (const std::exception&) {  // out of memory: this answer breaks off, the server goes on
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
}

void free_body(void* body) {
  delete static_cast<BodyReader*>(body);
}

int fd_of(MHD_Connection* connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

using Response = std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)>;

void add_headers(MHD_Response* response, const Answer& answer) {
  const auto add = [&](const char* name, const std::string& value) {
    MHD_add_response_header(response, name, value.c_str());
  };
  add(MHD_HTTP_HEADER_CONTENT_TYPE, answer.type);
  add(MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  add(MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Content-Security-Policy", answer.content_security_policy);
  if (answer.code == MHD_HTTP_METHOD_NOT_ALLOWED) add(MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
}

}  // namespace

struct HttpServer::Impl {
  Impl(const Exchange& e, ProcessFigures& f, ServerInfo s)
      : exchange(e), figures(f), server(std::move(s)) {}
  ~Impl() {
    if (daemon != nullptr) MHD_stop_daemon(daemon);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Answer answer(const Request& request) const;
  [[nodiscard]] Answer metrics(const Request& request) const;
  [[nodiscard]] Answer api(const Request& request) const;
  [[nodiscard]] Answer events(const Request& request) const;
  MHD_Result send(MHD_Connection* connection, Answer answer);
  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url,
                           const char* method, const char* version, const char* upload,
                           std::size_t* upload_size, void** state);
  static void notify(void* self, MHD_Connection* connection, void** context,
                     MHD_ConnectionNotificationCode what);
  static void completed(void* self, MHD_Connection* connection, void** state,
                        MHD_RequestTerminationCode why);

  const Exchange& exchange;
  ProcessFigures& figures;
  const ServerInfo server;
  HttpDeadlines deadlines;
  MHD_Daemon* daemon = nullptr;
};

Answer HttpServer::Impl::answer(const Request& request) const {
  if (request.path == "/metrics") return metrics(request);
  if (request.path.starts_with(kApi)) return api(request);
  if (request.path == "/-/healthy") {
    return text_answer("/-/healthy", MHD_HTTP_OK, "itnxt is healthy.\n");
  }
  if (request.path == "/-/ready") {
    const Published now = exchange.read();
    std::string text =
        now.ready ? "itnxt is ready.\n" : "itnxt is not ready: its state is still being loaded.\n";
    // Alerts are paged all the same: no reason to take it out of service.
    if (const std::string& problem = now.board->storage_problem; !problem.empty()) {
      text += "The alert state is not written: " + problem +
              ": pages go out from memory, a restart forgets them; make room or mend the disk.\n";
    }
    if (const std::string& problem = now.board->journal_problem; !problem.empty()) {
      text += "Events are not stored: " + problem +
              ": they take effect, and their collectors keep them; make room or mend the disk.\n";
    }
    return text_answer("/-/ready", now.ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                       std::move(text));
  }
  if (request.path == "/") {
    StatusPage page = make_status_page();
    Answer made = text_answer("/", MHD_HTTP_OK, std::move(page.html));
    made.type = "text/html; charset=utf-8";
    made.content_security_policy = std::move(page.content_security_policy);
    return made;
  }
  return text_answer("other", MHD_HTTP_NOT_FOUND,
                     "404: no such page. There are /, /metrics, /-/healthy, /-/ready and "
                     "/api/v1/ with " +
                         std::string(api_endpoints()) + ".\n");
}

Answer HttpServer::Impl::metrics(const Request& request) const {
  const MetricsFormat format = metrics_format(request.accept);
  Published published = exchange.read();
  const auto exposition =
      std::make_shared<Exposition>(std::move(published.snapshot), std::move(published.board),
                                   server.build, figures.collect(), format, published.series);
  Answer made;
  made.path = "/metrics";
  made.type = content_type(format);
  made.body = [exposition](char* buffer, std::size_t size) {
    return exposition->read(buffer, size);
  };
  return made;
}

Answer HttpServer::Impl::api(const Request& request) const {
  const std::string_view endpoint = request.path.substr(kApi.size());
  if (endpoint == "events") return events(request);
  std::optional<BodyReader> body = api_body(endpoint, exchange.read(), server, request.device);
  Answer made;
  made.type = kJson;
  if (body) {
    made.path = request.path;  // one of ours: it was found
    made.body = std::move(*body);
  } else {
    made.code = MHD_HTTP_NOT_FOUND;
    made.body = text_body(api_error("no such endpoint: there are " + std::string(api_endpoints())));
  }
  return made;
}

Answer HttpServer::Impl::events(const Request& request) const {
  const auto query = parse_event_query(request.limit, request.since);
  Answer made;
  made.type = kJson;
  made.path = "/api/v1/events";
  if (query) {
    made.body = events_body(exchange.events(), *query);
  } else {
    made.code = MHD_HTTP_BAD_REQUEST;
    made.body = text_body(api_error(query.error()));
  }
  return made;
}

MHD_Result HttpServer::Impl::send(MHD_Connection* connection, Answer answer) {
  const bool zipped = takes_gzip(header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING));
  auto body =
      std::make_unique<BodyReader>(zipped ? gzip(std::move(answer.body)) : std::move(answer.body));
  const Response response(
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kBlock, read_body, body.get(), free_body),
      MHD_destroy_response);
  if (response == nullptr) return MHD_NO;
  static_cast<void>(body.release());  // the response's now
  add_headers(response.get(), answer);
  if (zipped) MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
  figures.count_request(answer.path, answer.code);
  return MHD_queue_response(connection, answer.code, response.get());
}

MHD_Result HttpServer::Impl::handle(void* self, MHD_Connection* connection, const char* url,
                                    const char* method, const char*, const char*, std::size_t*,
                                    void** state) {
  Impl& impl = *static_cast<Impl*>(self);
  try {
    impl.deadlines.answering(fd_of(connection));  // all that is waited for: no body is
    const std::string_view verb = method;
    if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
      // Answered before any body is read; libmicrohttpd closes the connection then.
      return impl.send(connection, text_answer("other", MHD_HTTP_METHOD_NOT_ALLOWED,
                                               "405: read-only, GET and HEAD.\n"));
    }
    if (has_body(connection)) {
      return impl.send(connection, text_answer("other", MHD_HTTP_BAD_REQUEST,
                                               "400: send no body with GET or HEAD.\n"));
    }
    if (*state == nullptr) {  // an answer in the first call would end the connection
      *state = self;
      return MHD_YES;
    }
    const Request request{url, header(connection, MHD_HTTP_HEADER_ACCEPT),
                          argument(connection, "device"), argument(connection, "limit"),
                          argument(connection, "since")};
    return impl.send(connection, impl.answer(request));
  } catch (const std::exception&) {  // out of memory: this connection ends, the server goes on
    return MHD_NO;
  }
}

// libmicrohttpd calls this before it closes the socket, too.
void HttpServer::Impl::notify(void* self, MHD_Connection* connection, void**,
                              MHD_ConnectionNotificationCode what) {
  HttpDeadlines& deadlines = static_cast<Impl*>(self)->deadlines;
  switch (what) {
    case MHD_CONNECTION_NOTIFY_STARTED:
      return deadlines.opened(fd_of(connection));
    case MHD_CONNECTION_NOTIFY_CLOSED:
      return deadlines.closed(fd_of(connection));
  }
}

void HttpServer::Impl::completed(void* self, MHD_Connection* connection, void**,
                                 MHD_RequestTerminationCode) {
  static_cast<Impl*>(self)->deadlines.answered(fd_of(connection));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpConfig& config,
                                                      const Exchange& exchange,
                                                      ProcessFigures& figures, ServerInfo server) {
  Result<Listening> listening = listen_on(config);
  if (!listening) return Error{listening.error()};
  auto impl = std::make_unique<Impl>(exchange, figures, std::move(server));
  const BlockedSignals blocked;
  impl->daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD, 0, nullptr, nullptr, &Impl::handle, impl.get(),
      MHD_OPTION_LISTEN_SOCKET, listening->socket.get(), MHD_OPTION_THREAD_POOL_SIZE, kThreads,
      MHD_OPTION_CONNECTION_LIMIT, kConnections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
      kConnectionsOfOneAddress, MHD_OPTION_CONNECTION_TIMEOUT, kTimeoutSeconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory, MHD_OPTION_STRICT_FOR_CLIENT, 1,
      MHD_OPTION_NOTIFY_CONNECTION, &Impl::notify, impl.get(), MHD_OPTION_NOTIFY_COMPLETED,
      &Impl::completed, impl.get(), MHD_OPTION_END);
  if (impl->daemon == nullptr) {
    return Error{"aggregator.http: the server cannot be started: out of memory or threads"};
  }
  (void)listening->socket.release();  // closed by MHD_stop_daemon
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl), listening->port));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl, std::uint16_t port)
    : impl_(std::move(impl)), port_(port) {}

HttpServer::~HttpServer() = default;

void HttpServer::sweep(Instant now) {
  impl_->deadlines.sweep(now);
}

}  // namespace itnxt
