#include "daemon/io/event_file.hpp"

#include <algorithm>
#include <string_view>

#include "daemon/io/directory.hpp"

namespace itnxt {
namespace {

using Check = Database::Check;
using Step = Statement::Step;

constexpr std::size_t kPruneAfter = 10'000;  // events; that many more than allowed may be there
constexpr Duration kPruneEvery = 1h;

constexpr const char* kSchema =
    "CREATE TABLE lane(id INTEGER PRIMARY KEY, node TEXT NOT NULL, collector TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, last INTEGER NOT NULL, heard INTEGER NOT NULL,"
    " UNIQUE(node, collector, epoch));"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " taken INTEGER NOT NULL, wall INTEGER NOT NULL, run INTEGER NOT NULL, at INTEGER NOT NULL,"
    " kind TEXT NOT NULL, device TEXT NOT NULL,"
    " if_index INTEGER, if_name TEXT, admin INTEGER, oper INTEGER,"  // NULL: of no interface
    " answers INTEGER, text TEXT NOT NULL,"
    " details TEXT NOT NULL,"  // NAME=VALUE, one a line; before them kRefused, if it was
    " UNIQUE(lane, sequence));";

constexpr const char* kPutLane =
    "INSERT INTO lane(node, collector, epoch, last, heard) VALUES(?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT DO UPDATE SET last = max(last, excluded.last), heard = excluded.heard"
    " RETURNING id";
constexpr const char* kPutEvent =
    "INSERT INTO event VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
    " ?16) ON CONFLICT(lane, sequence) DO NOTHING";
constexpr const char* kGetLanes =
    "SELECT node, collector, epoch, last FROM lane ORDER BY heard, id";
constexpr const char* kGetEvents =
    "SELECT event.id, node, collector, epoch, sequence, taken, wall, run, at, kind, device,"
    " if_index, if_name, admin, oper, answers, text, details"
    " FROM event JOIN lane ON lane.id = event.lane ORDER BY event.id DESC LIMIT ?1";

std::int64_t as_signed(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
std::int64_t nanoseconds(WallTime time) {
  return time.time_since_epoch().count();
}

// A line without "=", which no detail makes and a reader that does not know it leaves out.
constexpr std::string_view kRefused = "refused\n";

// Values hold no control characters, names neither those nor "=".
std::string details_text(const StoredEvent& stored) {
  std::string text(stored.refused ? kRefused : "");
  for (const auto& [name, value] : stored.event.details) {
    text.append(name).append(1, '=').append(value).append(1, '\n');
  }
  return text;
}
void read_details(std::string_view text, Event& event) {
  while (!text.empty() && event.details.size() < kMostEventDetails) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    event.details.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
}

template <class Enum>
Enum closed(std::int64_t value, Enum last) {
  return static_cast<Enum>(std::clamp<std::int64_t>(value, 0, static_cast<std::int64_t>(last)));
}

StoredEventPtr read_event(const Statement& row) {
  const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
  auto made = std::make_shared<StoredEvent>();
  made->id = number(0);
  made->node = NodeName(row.text(1));
  made->collector = CollectorName(row.text(2));
  made->epoch = number(3);
  made->taken = WallTime(Duration(row.integer(5)));
  Event& event = made->event;
  event.sequence = number(4);
  event.wall = WallTime(Duration(row.integer(6)));
  event.run = number(7);
  event.at = SourceTime(Duration(row.integer(8)));
  event.kind = row.text(9);
  event.device = DeviceName(row.text(10));
  if (!row.is_null(11)) {
    event.interface = InterfaceStatus{static_cast<std::uint32_t>(number(11)), row.text(12),
                                      closed(row.integer(13), AdminStatus::testing),
                                      closed(row.integer(14), OperStatus::lower_layer_down)};
  }
  if (!row.is_null(15)) event.answers = row.integer(15) != 0;
  event.text = row.text(16);
  const std::string details = row.text(17);
  made->refused = details.starts_with(kRefused);
  read_details(details, event);
  return made;
}

void bind_status(const Statement& put, const Event& event) {
  if (!event.interface) {
    for (int at = 10; at <= 13; ++at) put.bind_null(at);
    return;
  }
  put.bind(10, std::int64_t{event.interface->if_index});
  put.bind(11, event.interface->if_name);
  put.bind(12, static_cast<std::int64_t>(event.interface->admin));
  put.bind(13, static_cast<std::int64_t>(event.interface->oper));
}

bool same_lane(const StoredEvent& a, const StoredEvent& b) {
  return a.node == b.node && a.collector == b.collector && a.epoch == b.epoch;
}

}  // namespace

EventFile::EventFile(Options options)
    : options_(std::move(options)),
      database_(
          {options_.directory, "events", options_.config_key, 1, kSchema, options_.max_pages}) {}

Check EventFile::read(Loaded& loaded) const {
  const auto failed = [&] { return database_.damaged() ? Check::damaged : Check::failed; };
  const Statement lanes = database_.prepare(kGetLanes);
  if (!lanes) return failed();
  Step step = Step::row;
  while ((step = lanes.step()) == Step::row) {
    loaded.lanes.push_back({NodeName(lanes.text(0)), CollectorName(lanes.text(1)),
                            static_cast<std::uint64_t>(lanes.integer(2)),
                            static_cast<std::uint64_t>(lanes.integer(3))});
  }
  if (step == Step::failed) return failed();
  const Statement events = database_.prepare(kGetEvents);
  if (!events) return failed();
  events.bind(1, as_signed(options_.latest));
  while ((step = events.step()) == Step::row) loaded.latest.push_back(read_event(events));
  if (step == Step::failed) return failed();
  std::reverse(loaded.latest.begin(), loaded.latest.end());
  return Check::sound;
}

Check EventFile::load(WallTime now, Loaded& loaded, std::optional<StoreTrouble>& problem) {
  const Check file = database_.prepare_file(false, problem);
  if (file != Check::sound) return file;
  // What cannot be let go of now, on a disk that is full, goes another time.
  if (!prune(now)) (void)database_.run("ROLLBACK");
  const Check rows = read(loaded);
  if (rows == Check::failed) problem = database_.trouble("read");
  return rows;
}

std::variant<EventFile::Loaded, StoreTrouble> EventFile::attach(WallTime now) {
  auto problem = database_.open();
  Loaded loaded;
  if (!problem && load(now, loaded, problem) == Check::damaged) {
    loaded = {};
    problem = database_.set_aside(file_time(now), loaded.quarantined);
    if (!problem) problem = database_.open();
    if (!problem && load(now, loaded, problem) == Check::damaged) {
      problem = StoreTrouble{StoreTrouble::Kind::passing,
                             "cannot begin " + path() + " anew: it reads back damaged"};
    }
  }
  if (problem) {
    database_.close();
    return *problem;
  }
  return loaded;
}

std::optional<EventFile::Loaded> EventFile::read_only() {
  std::optional<Loaded> found;
  if (database_.open_read_only()) {
    Loaded loaded;
    if (read(loaded) == Check::sound) found = std::move(loaded);
  }
  database_.close();
  return found;
}

bool EventFile::write_all(std::span<const StoredEventPtr> events) const {
  const Statement put_lane = database_.prepare(kPutLane);
  const Statement put = database_.prepare(kPutEvent);
  if (!put_lane || !put) return false;
  for (std::size_t begin = 0; begin < events.size();) {
    std::size_t end = begin + 1;
    while (end < events.size() && same_lane(*events[begin], *events[end])) ++end;
    const StoredEvent& last = *events[end - 1];
    put_lane.bind(1, last.node.text());
    put_lane.bind(2, last.collector.text());
    put_lane.bind(3, as_signed(last.epoch));
    put_lane.bind(4, as_signed(last.event.sequence));
    put_lane.bind(5, nanoseconds(last.taken));
    if (put_lane.step() != Step::row) return false;
    const std::int64_t lane = put_lane.integer(0);
    if (!put_lane.run()) return false;
    for (; begin < end; ++begin) {
      const StoredEvent& stored = *events[begin];
      const Event& event = stored.event;
      const std::string details = details_text(stored);
      put.bind(1, as_signed(stored.id));
      put.bind(2, lane);
      put.bind(3, as_signed(event.sequence));
      put.bind(4, nanoseconds(stored.taken));
      put.bind(5, nanoseconds(event.wall));
      put.bind(6, as_signed(event.run));
      put.bind(7, event.at.time_since_epoch().count());
      put.bind(8, event.kind);
      put.bind(9, event.device.text());
      bind_status(put, event);
      event.answers ? put.bind(14, std::int64_t{*event.answers ? 1 : 0}) : put.bind_null(14);
      put.bind(15, event.text);
      put.bind(16, details);
      if (!put.run()) return false;
    }
  }
  return true;
}

std::optional<StoreTrouble> EventFile::write(std::span<const StoredEventPtr> events) {
  if (options_.before_write) options_.before_write();
  if (events.empty()) return std::nullopt;
  if (!database_.run("BEGIN IMMEDIATE") || !write_all(events) || !database_.run("COMMIT")) {
    return database_.give_up("write");
  }
  since_prune_ += events.size();
  const WallTime now = events.back()->taken;
  const bool is_time = since_prune_ >= kPruneAfter || now - pruned_ >= kPruneEvery;
  if (is_time && !prune(now)) {
    // What was asked for is on the disk.
    (void)database_.give_up("write");
  }
  database_.let_readers_in();
  return std::nullopt;
}

bool EventFile::prune(WallTime now) {
  since_prune_ = 0;
  pruned_ = now;
  const auto count = database_.value("SELECT count(*) FROM event");
  if (!count) return false;
  const std::int64_t too_many =
      std::max<std::int64_t>(0, std::stoll(*count) - options_.most_events);
  const std::string before = std::to_string(nanoseconds(now - options_.longest));
  // By id, which is in order of `taken`: neither looks at more than it takes away.
  return database_.run(
      "BEGIN IMMEDIATE;"
      "DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT " +
      std::to_string(too_many) +
      ");"
      "DELETE FROM event WHERE id < coalesce((SELECT id FROM event WHERE taken >= " +
      before +
      " ORDER BY id LIMIT 1), 9223372036854775807);"
      "DELETE FROM lane WHERE heard < " +
      before +
      " AND NOT EXISTS (SELECT 1 FROM event WHERE lane = lane.id);"
      "COMMIT;");
}

}  // namespace itnxt
