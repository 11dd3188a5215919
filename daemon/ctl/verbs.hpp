// The verbs of itnxtctl, one file each. A verb has two halves: a pure one that turns the API's
// `data` into text (views.hpp), and one that does what the command line said. main.cpp parses it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/ctl/api.hpp"
#include "daemon/ctl/views.hpp"

namespace itnxt::ctl {

inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kBadConfig = 78;  // sysexits.h EX_CONFIG

// Of `probe`. Secrets come by name or place, never by value: everybody reads a command line.
struct ProbeOptions {
  std::string target;  // ADDRESS[:PORT], or a device of the configuration's inventory
  std::string config;
  std::vector<std::string> credentials;
  std::string community_env;
  std::string community_file;
  bool no_guessing = false;
  std::int64_t timeout_ms = 10'000;
};

// Of `tail`.
struct TailOptions {
  std::string topic;
  std::string endpoint = "tcp://127.0.0.1:5691";
  std::string key_file;    // the secret half of this host's pair
  std::string server_key;  // the aggregator's public half
};

// Of `events`.
struct EventsOptions {
  std::int64_t since = -1;  // the id of an event; -1: the newest
  std::int64_t limit = 0;   // at most so many; 0: the newest 100, or all behind `since`
};

// Of `capture`.
struct CaptureOptions {
  std::string file;
  std::string config;  // whose prefixes name the sites; empty: none are known
  std::string filter;
};

// What the command line said, and how the verb ended.
struct Invocation {
  std::string url = "http://127.0.0.1:9690";
  bool json = false;
  std::int64_t interval_ms = 1000;  // of watch
  std::int64_t for_ms = 0;          // of watch and tail; 0: until Ctrl-C
  ProbeOptions probe;
  TailOptions tail;
  EventsOptions events;
  CaptureOptions capture;
  std::string out = "node.key";  // of keygen
  int exit_code = 0;
};

void run_status(Invocation& call);
void run_links(Invocation& call);
void run_devices(Invocation& call);
void run_alerts(Invocation& call);
void run_events(Invocation& call);
void run_talkers(Invocation& call);
void run_watch(Invocation& call);
void run_probe(Invocation& call);
void run_tail(Invocation& call);
void run_capture(Invocation& call);
void run_keygen(Invocation& call);

// Shared by the verbs (verb.cpp).

// Asks for every name, then prints the first one's data under --json, else what `render` makes of
// all of them, in the order asked for. Errors go to stderr and the exit code.
using Render = std::function<std::string(const std::vector<Json>&, const Style&)>;
void answer(Invocation& call, const std::vector<std::string_view>& names, const Render& render);

// The second half of it: with one name's data at hand.
void show(Invocation& call, const std::vector<Json>& data, const Render& render);

// "error: …" on stderr; sets the exit code.
void fail(Invocation& call, int exit_code, std::string_view message);

// Colour only on a terminal that has it and where NO_COLOR does not forbid it (no-color.org); lines
// as long as the terminal's.
Style style_of_stdout();

// False (and the exit code set) when stdout does not take it.
bool print(Invocation& call, std::string_view text);

}  // namespace itnxt::ctl
