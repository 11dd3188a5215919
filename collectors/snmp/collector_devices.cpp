// Whom the collector polls: at the start, and after each reload.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "collectors/snmp/collector.hpp"

namespace itnxt {
namespace {

constexpr Duration kLongestSettle = 1min;  // until shared engine IDs are told

}  // namespace

SnmpCollector::SnmpCollector(SnmpCollectorConfig config, CollectorContext context)
    : SnmpCollector(std::move(config), std::move(context), system_lookup) {}

SnmpCollector::SnmpCollector(SnmpCollectorConfig config, CollectorContext context,
                             Resolver::Lookup lookup)
    : config_(std::move(config)),
      context_(std::move(context)),
      schedule_(0),
      requests_(0),
      queue_(0),
      engines_(std::min(config_.interval, kLongestSettle)),
      sockets_(context_.loop, [this](snmp::SocketPool::Id socket) { on_readable(socket); }),
      memories_(context_.files.empty() ? "" : context_.files + ".learned", context_.log),
      resolver_(
          context_.loop,
          [this](std::size_t number, Result<Address> address) {
            resolved(number, std::move(address));
          },
          std::move(lookup)),
      memory_schedule_(context_.loop.now()) {
  snmp::usm::KeyCache keys;
  for (const SnmpTarget& target : config_.targets) add(target, keys);
  config_.targets = {};
  index_addresses();
}

SnmpCollector::~SnmpCollector() {
  if (started_) remember();
}

void SnmpCollector::start() {
  started_ = true;
  if (context_.polls != nullptr) served_ = context_.polls->serve(*this);
  open_socket();
  recall();
  forget_changes_of_others();
  remember_later();
  const Instant now = context_.loop.now();
  for (std::uint32_t device = 0; device < sessions_.size(); ++device) {
    Session& session = at(device);
    if (session.named) lookup(device);
    session.next_poll = now + snmp::phase_of(session.target.device.name.text(), config_.interval);
    schedule_.set(device, session.next_poll);
  }
  arm();
}

bool SnmpCollector::update(const CollectorConfig& config) {
  const auto* fresh = std::get_if<SnmpCollectorConfig>(&config);
  if (fresh == nullptr || fresh->interval != config_.interval ||
      fresh->profiles != config_.profiles) {
    return false;
  }
  std::unordered_set<DeviceName> wanted;
  for (const SnmpTarget& target : fresh->targets) wanted.insert(target.device.name);
  for (std::uint32_t device = 0; device < sessions_.size(); ++device) {
    if (sessions_[device] && !wanted.contains(at(device).target.device.name)) remove(device);
  }
  snmp::usm::KeyCache keys;
  for (const SnmpTarget& target : fresh->targets) {
    const auto known = by_name_.find(target.device.name);
    if (known == by_name_.end()) {
      add(target, keys);
    } else {
      change(known->second, target, keys);
    }
  }
  index_addresses();
  // No secret is kept for nobody.
  std::erase_if(users_, [](const auto& entry) {
    const User& user = entry.second;
    return !user.user || user.user->use_count() == 1;
  });
  std::vector<Profile> profiles = std::move(config_.profiles);  // which walks under way look at
  config_ = *fresh;
  config_.targets = {};
  config_.profiles = std::move(profiles);
  arm();
  return true;
}

std::unique_ptr<snmp::Session> SnmpCollector::make_session(const SnmpTarget& target,
                                                           snmp::usm::KeyCache& keys) {
  auto session = std::make_unique<Session>();
  session->target = target;
  session->address = numeric_address(target.device.host, target.device.port);
  session->named = !session->address;
  secure(*session, keys);
  session->learned = learned_of(*session);
  return session;
}

void SnmpCollector::add(const SnmpTarget& target, snmp::usm::KeyCache& keys) {
  std::uint32_t device = 0;
  if (free_.empty()) {
    device = static_cast<std::uint32_t>(sessions_.size());
    sessions_.emplace_back();
    schedule_.resize(sessions_.size());
    requests_.reserve(sessions_.size());
    queue_.resize(sessions_.size());
  } else {
    device = free_.back();
    free_.pop_back();
  }
  sessions_[device] = make_session(target, keys);
  by_name_[target.device.name] = device;
  if (!started_) return;
  Session& session = at(device);
  if (session.named) lookup(device);
  session.next_poll =
      context_.loop.now() + snmp::phase_of(target.device.name.text(), config_.interval);
  schedule_.set(device, session.next_poll);
}

void SnmpCollector::change(std::uint32_t device, const SnmpTarget& target,
                           snmp::usm::KeyCache& keys) {
  Session& old = at(device);
  const bool same_place =
      target.device.host == old.target.device.host && target.device.port == old.target.device.port;
  if (same_place && target.credentials == old.target.credentials) {
    old.target = target;
    return;
  }
  auto fresh = make_session(target, keys);
  fresh->memory = old.memory;
  fresh->endless = old.endless;
  fresh->next_poll = old.next_poll;
  fresh->changes = std::move(old.changes);
  fresh->silent = old.silent;
  fresh->silent_since = old.silent_since;
  // A poll under way would be one of another device or user: it begins anew.
  const Instant due = old.working() || old.waiting ? context_.loop.now() : old.next_poll;
  detach(device);
  sessions_[device] = std::move(fresh);
  if (at(device).named) lookup(device);
  schedule_.set(device, due);
}

void SnmpCollector::remove(std::uint32_t device) {
  detach(device);
  forget_changes(at(device).target.device.name);
  by_name_.erase(at(device).target.device.name);
  sessions_[device].reset();
  free_.push_back(device);
}

// Nothing that comes later finds it.
void SnmpCollector::detach(std::uint32_t device) {
  Session& session = at(device);
  forget_request(session);
  queue_.finish(device);
  schedule_.clear(device);
  lookups_.erase(session.lookup);
  sockets_.move(session.socket, snmp::SocketPool::kNone);
  engines_.forget(session.target.device.name, context_.loop.now());
}

// Of several devices at one address the first has it.
void SnmpCollector::index_addresses() {
  by_address_.clear();
  for (std::uint32_t device = 0; device < sessions_.size(); ++device) {
    if (sessions_[device] && at(device).address) by_address_.emplace(*at(device).address, device);
  }
}

// Of the last process. An engine ID is where the talk begins; its clock is asked for (T15).
void SnmpCollector::recall() {
  for (const snmp::Remembered& one : memories_.load()) {
    const auto known = by_name_.find(DeviceName(one.device));
    if (known == by_name_.end()) continue;
    Session& session = at(known->second);
    session.memory = one.memory;
    if (session.security) session.security->assume(one.engine);
    session.learned = learned_of(session);
  }
}

void SnmpCollector::remember() {
  if (!memories_.is_on()) return;
  std::vector<snmp::Remembered> devices;
  devices.reserve(sessions_.size());
  for (const auto& session : sessions_) {
    if (!session) continue;
    devices.push_back({session->target.device.name.text(), session->memory, {}});
    if (session->security) devices.back().engine = session->security->engine_id();
  }
  memories_.save(std::move(devices));
}

void SnmpCollector::remember_later() {
  if (!memories_.is_on()) return;
  const Instant now = context_.loop.now();
  remember_ =
      context_.loop.after(std::max(memory_schedule_.next() - now, Duration::zero()), [this] {
        remember();
        memory_schedule_.saved(context_.loop.now());
        remember_later();
      });
}

std::uint64_t SnmpCollector::learned_of(const Session& session) {
  return snmp::learned_of(session.memory,
                          session.security ? session.security->engine_id() : snmp::usm::EngineId());
}

// After a poll.
void SnmpCollector::note_learned(Session& session) {
  const std::uint64_t learned = learned_of(session);
  if (std::exchange(session.learned, learned) == learned) return;
  if (memory_schedule_.learned(context_.loop.now())) remember_later();
}

std::unique_ptr<Collector> make_snmp_collector(const SnmpCollectorConfig& config,
                                               CollectorContext context) {
  return std::make_unique<SnmpCollector>(config, std::move(context));
}

}  // namespace itnxt
