#include "collectors/probe/http.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "collectors/probe/events.hpp"
#include "daemon/io/libcurl.hpp"

namespace itnxt::probe {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} * 1024;  // of headers and body; then it is known
constexpr std::size_t kMostSpare = 64;                      // easy handles kept
constexpr std::uint16_t kFirstFinal = 200;

struct Get {
  Errand errand;
  const ProbeTarget* target = nullptr;
  bool v6 = false;
  Instant began;
  std::size_t bytes = 0;
  std::array<char, CURL_ERROR_SIZE> error{};  // by libcurl, what is wrong
  libcurl::List connect_to;
  libcurl::Easy easy;
};

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Fails only for options that this libcurl lacks or without memory; the transfer then fails.
  (void)curl_easy_setopt(easy, option, value);
}

std::size_t count_bytes(const char*, std::size_t size, std::size_t count, void* user) {
  std::size_t& bytes = static_cast<Get*>(user)->bytes;
  bytes += size * count;
  return bytes > kMostBytes ? 0 : size * count;  // 0 ends the transfer; its status counts
}

int mark(void* user, curl_socket_t fd, curlsocktype) {
  const Get& get = *static_cast<const Get*>(user);
  const int traffic_class = get.target->dscp << 2;
  (void)::setsockopt(fd, get.v6 ? int{IPPROTO_IPV6} : int{IPPROTO_IP},
                     get.v6 ? IPV6_TCLASS : IP_TOS, &traffic_class, sizeof traffic_class);
  return CURL_SOCKOPT_OK;
}

Outcome outcome_of_errno(long error) {
  if (error == ECONNREFUSED || error == ECONNRESET) return Outcome::refused;
  if (error == EHOSTUNREACH || error == ENETUNREACH || error == EACCES || error == EHOSTDOWN) {
    return Outcome::unreachable;
  }
  return error == EMFILE || error == ENFILE || error == ENOBUFS ? Outcome::local : Outcome::lost;
}

// Without a status.
Outcome outcome_of(CURLcode code, CURL* easy) {
  if (code == CURLE_OPERATION_TIMEDOUT) return Outcome::lost;
  if (code == CURLE_COULDNT_CONNECT) {
    long error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    return outcome_of_errno(error);
  }
  if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
      code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER) {
    return Outcome::insecure;
  }
  const bool ours = code == CURLE_OUT_OF_MEMORY || code == CURLE_SSL_CACERT_BADFILE;
  return ours ? Outcome::local : Outcome::wrong;
}

bool expected(const ProbeTarget& target, long status) {
  if (target.expect.empty()) return status >= kFirstFinal && status < 400;
  return std::ranges::find(target.expect, status) != target.expect.end();
}

}  // namespace

struct HttpGetter::World {
  Loop& loop;
  Done done;
  Remarks remarks;
  struct Ended {
    Errand errand;
    Outcome outcome;
    Instant at;
  };
  std::map<CURL*, std::unique_ptr<Get>> running;
  std::vector<libcurl::Easy> spare;
  std::map<curl_socket_t, std::pair<Watch, Watch>> watches;  // readable, writable
  Timer timer;
  std::vector<Ended> stillborn;
  Timer later;
  libcurl::Multi multi;  // ends before what its callbacks use

  World(Loop& l, Done d, Remarks r) : loop(l), done(std::move(d)), remarks(std::move(r)) {}
  ~World() {
    for (auto& [easy, get] : running) curl_multi_remove_handle(multi.get(), easy);
    running.clear();
    multi.reset();
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* user, void*) {
    static_cast<World*>(user)->watch(fd, what);
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* user) {
    World& world = *static_cast<World*>(user);
    world.timer.cancel();
    if (milliseconds < 0) return 0;
    world.timer = world.loop.after(std::chrono::milliseconds(milliseconds),
                                   [&world] { world.act(CURL_SOCKET_TIMEOUT, 0); });
    return 0;
  }

  void watch(curl_socket_t fd, int what) {
    if (what == CURL_POLL_REMOVE) {
      watches.erase(fd);
      return;
    }
    auto& [readable, writable] = watches[fd];
    const auto want = [&](Watch& one, bool wanted, Interest interest, int event) {
      if (!wanted) {
        one.cancel();
      } else if (!one) {
        one = loop.watch(fd, interest, [this, fd, event] { act(fd, event); });
      }
    };
    want(readable, (what & CURL_POLL_IN) != 0, Interest::readable, CURL_CSELECT_IN);
    want(writable, (what & CURL_POLL_OUT) != 0, Interest::writable, CURL_CSELECT_OUT);
  }

  void act(curl_socket_t fd, int events) {
    int active = 0;
    (void)curl_multi_socket_action(multi.get(), fd, events, &active);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    }
  }

  void finish(CURL* easy, CURLcode code) {
    const auto node = running.extract(easy);
    Get& get = *node.mapped();
    long answer = 0;
    curl_off_t first_byte = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
    const bool came = answer >= kFirstFinal && answer <= 999;
    Outcome outcome = came ? Outcome::wrong : outcome_of(code, easy);
    if (came && expected(*get.target, answer)) outcome = Outcome::answered;
    const Errand errand = get.errand;
    const Instant at = came ? get.began + std::chrono::microseconds(first_byte) : loop.fresh_now();
    Remark remark = remark_on(outcome, came ? static_cast<std::uint16_t>(answer) : 0, get, code);
    curl_multi_remove_handle(multi.get(), easy);
    if (spare.size() < kMostSpare) {
      curl_easy_reset(easy);
      spare.push_back(std::move(get.easy));
    }
    if (remark.status != 0 || !remark.problem.empty()) remarks(errand, std::move(remark));
    done(errand, outcome, at);
  }

  static Remark remark_on(Outcome outcome, std::uint16_t status, const Get& get, CURLcode code) {
    Remark remark{status, {}};
    if (status != 0 && outcome == Outcome::wrong) {
      remark.problem = "HTTP status " + std::to_string(status);
    } else if (outcome == Outcome::wrong || outcome == Outcome::insecure ||
               outcome == Outcome::local) {
      const char* const said = get.error[0] != '\0' ? get.error.data() : curl_easy_strerror(code);
      remark.problem = outcome == Outcome::insecure ? tls_problem(said) : said;
    }
    return remark;
  }

  void fail_later(const Errand& errand, Outcome outcome) {
    stillborn.push_back({errand, outcome, loop.fresh_now()});
    later = loop.after(Duration::zero(), [this] {
      for (const Ended& one : std::exchange(stillborn, {})) done(one.errand, one.outcome, one.at);
    });
  }
};

Result<std::unique_ptr<HttpGetter>> HttpGetter::open(Loop& loop, Done done, Remarks remarks) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto world = std::make_unique<World>(loop, std::move(done), std::move(remarks));
  world->multi.reset(curl_multi_init());
  CURLM* multi = world->multi.get();
  if (global != CURLE_OK || multi == nullptr) return Error{"libcurl cannot be initialised"};
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &World::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, world.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &World::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, world.get());
  return std::unique_ptr<HttpGetter>(new HttpGetter(std::move(world)));
}

HttpGetter::HttpGetter(std::unique_ptr<World> world) : world_(std::move(world)) {}
HttpGetter::~HttpGetter() = default;

void HttpGetter::get(const Errand& errand, const Address& to, const ProbeTarget& target) {
  World& world = *world_;
  if (world.running.size() >= kMostAtOnce) return world.fail_later(errand, Outcome::local);
  auto get = std::make_unique<Get>();
  if (world.spare.empty()) {
    get->easy.reset(curl_easy_init());
  } else {
    get->easy = std::move(world.spare.back());
    world.spare.pop_back();
  }
  CURL* easy = get->easy.get();
  const std::string way = "::" + to_text(to);  // any host, any port: to this one
  get->connect_to.reset(curl_slist_append(nullptr, way.c_str()));
  if (easy == nullptr || !get->connect_to) return world.fail_later(errand, Outcome::local);
  get->errand = errand;
  get->target = &target;
  get->v6 = !to.is_v4();
  set(easy, CURLOPT_URL, target.url.c_str());
  set(easy, CURLOPT_CONNECT_TO, get->connect_to.get());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_HTTPGET, 1L);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_FRESH_CONNECT, 1L);
  set(easy, CURLOPT_FORBID_REUSE, 1L);
  set(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(easy, CURLOPT_USERAGENT, "itnxt-probe");
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(target.timeout);
  set(easy, CURLOPT_TIMEOUT_MS, long{patience.count()});
  // Debian's libcurl looks into a directory of certificates as well, and then reads its bundle
  // anew for each connection instead of once.
  set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  if (!target.ca.empty()) set(easy, CURLOPT_CAINFO, target.ca.c_str());
  set(easy, CURLOPT_ERRORBUFFER, get->error.data());
  set(easy, CURLOPT_SOCKOPTFUNCTION, &mark);
  set(easy, CURLOPT_SOCKOPTDATA, get.get());
  set(easy, CURLOPT_WRITEFUNCTION, &count_bytes);
  set(easy, CURLOPT_WRITEDATA, get.get());
  set(easy, CURLOPT_HEADERFUNCTION, &count_bytes);
  set(easy, CURLOPT_HEADERDATA, get.get());
  get->began = world.loop.fresh_now();
  if (curl_multi_add_handle(world.multi.get(), easy) != CURLM_OK) {
    return world.fail_later(errand, Outcome::local);
  }
  world.running[easy] = std::move(get);
}

}  // namespace itnxt::probe
