#include "collectors/snmp/walk.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "collectors/snmp/walk_detail.hpp"

namespace itnxt::snmp {
namespace {

constexpr std::size_t kMostProblems = 3;
constexpr std::size_t kMessageBytes = 80;  // a reply's headers, community and sysUpTime
constexpr std::uint16_t kCleanPolls = 8;   // until the size is tried a quarter bigger

constexpr std::uint32_t kAllScalars = (1U << kMibScalars.size()) - 1;

}  // namespace

Walk::Walk(DeviceMemory& memory, const WalkPolicy& policy, Instant now)
    : memory_(memory), policy_(policy), started_(now), scalars_(kAllScalars) {
  rows_.reserve(std::min<std::size_t>(memory.rows, kMostRows));
}

Request Walk::request() const {
  Request request;
  if (stage_ == Stage::system) {
    for (std::size_t i = 0; i < kMibScalars.size(); ++i) {
      if ((scalars_ >> i & 1U) != 0) request.add(kMibScalars[i].oid);
    }
    return request;
  }
  const Pass& pass = passes_.back();
  if (policy_.version == Version::v1) {
    request.type = RequestType::get_next;
  } else {
    request.type = RequestType::get_bulk;
    request.non_repeaters = 1;
    request.max_repetitions = repetitions();
  }
  request.add(kUptimeObject);
  for (ColumnMask rest = pass.columns; rest != 0; rest &= rest - 1) {
    const Oid& column = kMibColumns[static_cast<std::size_t>(std::countr_zero(rest))].oid;
    request.add(pass.cursor < 0 ? column : column.with(static_cast<std::uint32_t>(pass.cursor)));
  }
  return request;
}

Duration Walk::patience() const {
  Duration wait = policy_.timeout;
  for (std::uint32_t i = 0; i < tries_ && i < 8; ++i) wait += wait / 2;
  return wait;
}

// As many rows as the device has shown to bear and as stay below the path's MTU.
std::uint16_t Walk::repetitions() const {
  if (policy_.version == Version::v1) return 1;
  const std::size_t columns = columns_in(passes_.back().columns);
  const std::size_t by_count = (memory_.max_varbinds - 1U) / columns;
  const std::size_t row_bytes = columns * std::max<std::size_t>(memory_.cell_bytes, 8);
  const std::size_t by_bytes = (kReplyBytes - kMessageBytes) / row_bytes;
  return static_cast<std::uint16_t>(
      std::clamp<std::size_t>(std::min(by_count, by_bytes), 1, kMostVarbinds));
}

void Walk::answer(const Message& reply, Instant now) {
  answered_ = true;
  tries_ = 0;
  ++requests_;
  ++request_number_;
  if (stage_ == Stage::system) {
    if (reply.error_status != kNoError) {
      refused_system(reply);
    } else {
      read_system(reply);
    }
  } else if (reply.error_status != kNoError) {
    refused_table(reply);
  } else {
    read_table(reply, now);
  }
  if (stage_ != Stage::done) give_up_over_budget();
}

void Walk::timed_out(bool otherwise) {
  ++tries_;
  const std::uint32_t retries =
      answered_ ? policy_.retries : policy_.retries_unheard.value_or(policy_.retries);
  if (tries_ > retries && otherwise && !tried_otherwise_) {
    tried_otherwise_ = true;
    return;
  }
  if (tries_ > retries) {
    const std::string tries = number(tries_) + (tries_ == 1 ? " try" : " tries");
    if (faults_ > 0) {
      stop("no usable answer within " + tries + malformed_replies());
    } else if (answered_) {
      stop("stopped answering after " + number(rows_.size()) + " rows: " + tries +
           " without a reply");
    } else if (suspects_credentials_) {
      denied(suspicion_, true);
    } else {
      stop("no answer to " + tries + why_silent());
    }
    return;
  }
  // Silence to a big request may mean that its reply is lost on the way (fragments, an agent that
  // cannot send it): the next try asks for half.
  if (stage_ != Stage::system) (void)shrink();
}

void Walk::malformed(Fault fault) {
  fault_ = fault;
  ++faults_;
  broken_rules_.add(Rule::malformed);
}

void Walk::expire(Duration interval) {
  const std::string within = " within the interval of " + to_text(interval);
  if (answered_ && !believable_if_number() && rows_.size() > believable_rows()) {
    stop_endless(number(rows_.size()) + " rows" + within + " and no ifNumber that says so");
  } else if (answered_) {
    stop("the poll did not end" + within + ": " + number(rows_.size()) +
         " rows so far; raise 'interval'");
  } else if (faults_ > 0) {
    stop("no usable answer" + within + malformed_replies());
  } else if (suspects_credentials_) {
    denied(suspicion_, true);
  } else {
    stop("no answer" + within + why_silent());
  }
}

std::string Walk::why_silent() const {
  std::string why;
  for (const std::string* text : {&send_problem_, &suspicion_}) {
    if (!text->empty()) why += "; " + *text;
  }
  if (ignored_replies_ > 0) {
    why += "; " + number(ignored_replies_) +
           (ignored_replies_ == 1 ? " reply was" : " replies were") + " ignored (" +
           std::string(ignored_) + ")";
  }
  return why;
}

std::string Walk::malformed_replies() const {
  return "; " + number(faults_) + (faults_ == 1 ? " reply was" : " replies were") + " malformed (" +
         std::string(name(*fault_)) + "); does an SNMP agent answer there?";
}

void Walk::denied(std::string reason, bool credentials) {
  denied_ = credentials;
  refused_ = !credentials;
  stop(std::move(reason));
}

void Walk::suspect(std::string reason, bool credentials) {
  suspicion_ = std::move(reason);
  suspects_credentials_ = credentials;
}

void Walk::ignored(std::string_view what) {
  ignored_ = what;
  ++ignored_replies_;
}

void Walk::not_sent(std::string reason) {
  send_problem_ = std::move(reason);
}

// --- size ---------------------------------------------------------------------------------------

// Halves what is asked at once: repetitions first, then columns. False: it is one cell already.
bool Walk::shrink() {
  const std::size_t columns = columns_in(passes_.back().columns);
  const std::size_t cells = columns * repetitions();
  if (cells == 1) return false;
  shrunk_ = true;
  memory_.clean_polls = 0;
  memory_.max_varbinds = static_cast<std::uint16_t>(cells / 2 + 1);
  while (columns_in(passes_.back().columns) + 1 > memory_.max_varbinds) split();
  ++request_number_;
  return true;
}

// Two passes out of one. The counters stay with their discontinuity time as long as they can.
void Walk::split() {
  const Pass whole = passes_.back();
  ColumnMask first = whole.columns & (kCounterColumns | kFallbackColumns);
  if (first == 0 || first == whole.columns || columns_in(first) * 4 < columns_in(whole.columns)) {
    first = 0;
    std::size_t wanted = columns_in(whole.columns) / 2;
    for (ColumnMask rest = whole.columns; wanted > 0; rest &= rest - 1, --wanted) {
      first |= rest & (~rest + 1);
    }
  }
  passes_.back().columns = whole.columns & ~first;
  passes_.push_back({first, whole.cursor});
}

// --- passes and the end -------------------------------------------------------------------------

void Walk::begin_pass(ColumnMask columns) {
  asked_ |= columns;
  passes_.assign(1, Pass{columns, -1});
  if (columns == 0) {
    next_pass();
    return;
  }
  while (columns_in(passes_.back().columns) + 1 > memory_.max_varbinds) split();
}

void Walk::next_pass() {
  passes_.pop_back();
  if (!passes_.empty()) {
    while (columns_in(passes_.back().columns) + 1 > memory_.max_varbinds) split();
    return;
  }
  if (stage_ == Stage::table) {
    // Rows that lack a 64-bit counter, or a speed, get their 32-bit one; from the next poll on in
    // the first pass. The discontinuity time comes along: it belongs into the counters' PDU.
    const ColumnMask lacking = rows_.lacking() & ~(asked_ | memory_.useless);
    if (lacking != 0) {
      stage_ = Stage::fallback;
      begin_pass(lacking | (memory_.columns & used_ & bit(kDiscontinuityColumn)));
      return;
    }
  }
  if (rows_.size() == 0 && failed_ == 0 && knows_nothing()) {
    denied(
        "credentials wrong: the device has nothing of what was asked: its view lets this user or "
        "community read nothing",
        true);
    return;
  }
  if (if_number_.value_or(0) > 0 && rows_.size() == 0 && failed_ == 0) {
    incomplete_ = true;
    problem("ifNumber says " + number(*if_number_) + " interfaces, the tables hold none");
  }
  stage_ = Stage::done;
}

// More of them than this are invented.
std::uint64_t Walk::believable_rows() const {
  return 2 * std::max<std::uint64_t>(believable_if_number().value_or(0), memory_.rows) + 1000;
}

std::optional<std::uint64_t> Walk::believable_if_number() const {
  return if_number_ && *if_number_ <= kMostIfNumber ? if_number_ : std::nullopt;
}

void Walk::give_up_over_budget() {
  const auto if_number = believable_if_number();
  const bool accounted = if_number && rows_.size() <= believable_rows();
  std::string what;
  if (if_number && !accounted) {
    what = number(rows_.size()) + " rows where ifNumber says " + number(*if_number);
  } else if (rows_.size() > kMostRows) {
    what = "more than " + number(kMostRows) + " rows";
  } else if (requests_ >= kMostRequests) {
    what = "more than " + number(kMostRequests) + " requests in one poll";
  } else {
    return;
  }
  if (!accounted) return stop_endless(what);
  broken_rules_.add(Rule::endless);
  stop(what + "; the walk stopped there");
}

void Walk::stop_endless(const std::string& what) {
  broken_rules_.add(Rule::endless);
  endless_ = true;
  rows_.clear();
  // What was odd about rows that are not taken stands behind why they are not.
  std::vector<std::string> of_rows = std::exchange(problems_, {});
  stop("the walk of its interfaces does not end: " + what + "; none of them is taken");
  for (std::string& text : of_rows) problem(std::move(text));
}

void Walk::problem(std::string text) {
  if (problems_.size() < kMostProblems) {
    problems_.push_back(std::move(text));
  } else {
    ++more_problems_;
  }
}

void Walk::stop(std::string text) {
  incomplete_ = true;
  problem(std::move(text));
  stage_ = Stage::done;
}

void Walk::learn() {
  memory_.uptime = uptime_;
  if (incomplete_) return;
  if (memory_.rows != 0 && memory_.rows != rows_.size()) {
    memory_.polls = kColumnsAnew;  // other rows may need other columns
  }
  memory_.rows = static_cast<std::uint32_t>(rows_.size());
  const ColumnMask sure = asked_ & ~failed_;
  if (rows_.size() > 0) {
    memory_.columns |= used_ & kFallbackColumns;
    memory_.useless |= sure & ~used_;
    memory_.columns &= ~memory_.useless;
  }
  if (!shrunk_ && memory_.max_varbinds < kMostVarbinds && ++memory_.clean_polls >= kCleanPolls) {
    memory_.clean_polls = 0;
    memory_.max_varbinds = static_cast<std::uint16_t>(std::min<std::uint32_t>(
        kMostVarbinds, memory_.max_varbinds + std::max(1U, memory_.max_varbinds / 4U)));
  }
}

DeviceSample Walk::finish(Instant now) {
  learn();
  DeviceSample sample;
  sample.at = source_time(now);
  sample.took = now - started_;
  sample.complete = !incomplete_ && failed_ == 0;
  sample.answered = answered_ || denied_ || refused_;
  if (denied_) {
    sample.result = PollResult::auth;
  } else if (refused_) {
    sample.result = PollResult::error;
  } else if (!answered_) {
    const bool local_or_rubbish = faults_ > 0 || !send_problem_.empty();
    sample.result = local_or_rubbish ? PollResult::error : PollResult::timeout;
  } else {
    sample.result = problems_.empty() ? PollResult::ok : PollResult::partial;
  }
  for (const std::string& text : problems_) {
    if (!sample.problem.empty()) sample.problem += "; ";
    sample.problem += text;
  }
  if (more_problems_ > 0) sample.problem += "; and " + number(more_problems_) + " more";
  sample.uptime = uptime_;
  sample.sys_name = std::move(sys_name_);
  sample.sys_descr = std::move(sys_descr_);
  sample.sys_object_id = std::move(sys_object_id_);
  if (if_number_ && *if_number_ <= std::numeric_limits<std::uint32_t>::max()) {
    sample.if_number = static_cast<std::uint32_t>(*if_number_);
  }
  sample.if_table_last_change = table_last_change_;
  sample.interfaces = rows_.take();
  // The names of a row that was cut off are unread, not absent: without them it is nobody's.
  ColumnMask unread = 0;
  for (const Pass& pass : passes_) unread |= pass.columns;
  if ((unread & kNameColumns) != 0) {
    std::erase_if(sample.interfaces, [](const InterfaceSample& row) {
      return row.if_name.empty() && row.if_descr.empty();
    });
  }
  return sample;
}

}  // namespace itnxt::snmp
