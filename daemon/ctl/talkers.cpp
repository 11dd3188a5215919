#include <fmt/format.h>

#include "daemon/ctl/human.hpp"
#include "daemon/ctl/json.hpp"
#include "daemon/ctl/verbs.hpp"

namespace itnxt::ctl {
namespace {

const Json& list_of(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

const Json& object_of(const Json& object, const char* key) {
  static const Json kNone = Json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : kNone;
}

std::string amount(const Json& object, const char* key) {
  return byte_count(number_of(object, key));
}

std::string whole(const Json& object, const char* key) {
  return grouped(number_of(object, key));
}

std::string site(const Json& object) {
  const std::string name = text_of(object, "site");
  return name.empty() ? "-" : name;
}

// "10.1.2.0/24 3f9a41c07be2 :443"
std::string end(const Json& object) {
  const auto port = number_of(object, "port");
  return text_of(object, "host") + (port ? fmt::format(" :{:.0f}", *port) : "");
}

std::string head(const std::string& title, const Json& capture) {
  const Json& distinct = object_of(capture, "distinct");
  const auto span = number_of(capture, "seconds");
  return fmt::format("{} ({}): {} in {} packets, {} flows of {} sources to {} destinations\n",
                     title, span ? fmt::format("the last {:.0f} s", *span) : "all of the file",
                     amount(capture, "bytes"), whole(capture, "packets"), whole(distinct, "flows"),
                     whole(distinct, "sources"), whole(distinct, "destinations"));
}

std::string networks(const Json& capture, const Style& style) {
  Table table({{"NETWORK"},
               {"SITE", Align::left, 1},
               {"SENT", Align::right},
               {"RECEIVED", Align::right},
               {"PACKETS", Align::right, 2},
               {"MISSED", Align::right, 3}});
  for (const Json& network : list_of(capture, "networks")) {
    table.add({text_of(network, "network"), site(network), amount(network, "sent_bytes"),
               amount(network, "received_bytes"), whole(network, "packets"),
               amount(network, "missed_bytes")});
  }
  return table.render(style);
}

std::string flows(const Json& capture, const Style& style) {
  Table table({{"FLOW"},
               {"A"},
               {"SITE A", Align::left, 2},
               {"B"},
               {"SITE B", Align::left, 2},
               {"A SENT", Align::right},
               {"B SENT", Align::right},
               {"PACKETS", Align::right, 3},
               {"MISSED", Align::right, 4}});
  for (const Json& flow : list_of(capture, "flows")) {
    const Json& a = object_of(flow, "a");
    const Json& b = object_of(flow, "b");
    table.add({text_of(flow, "protocol"), end(a), site(a), end(b), site(b), amount(a, "sent_bytes"),
               amount(b, "sent_bytes"), whole(flow, "packets"), amount(flow, "missed_bytes")});
  }
  return table.render(style);
}

}  // namespace

std::string talkers_text(const std::string& title, const Json& capture, const Style& style) {
  std::string text = head(title, capture);
  if (!list_of(capture, "networks").empty()) text += '\n' + networks(capture, style);
  if (!list_of(capture, "flows").empty()) text += '\n' + flows(capture, style);
  return text;
}

std::string talkers_table(const Json& talkers, const Style& style) {
  if (talkers.empty()) return "no capture has told of talkers\n";
  std::string text;
  for (const Json& capture : talkers) {
    if (!text.empty()) text += '\n';
    text += talkers_text(text_of(capture, "capture"), capture, style);
  }
  return text;
}

void run_talkers(Invocation& call) {
  answer(call, {"talkers"}, [](const std::vector<Json>& data, const Style& style) {
    return talkers_table(data[0], style);
  });
}

}  // namespace itnxt::ctl
