#include "daemon/alert/crisis.hpp"

#include <algorithm>
#include <unordered_map>

#include "daemon/alert/reading.hpp"

namespace itnxt {
namespace {

// Shares are sums of configured decimals: 0.1 + 0.2 must reach 0.3.
constexpr double kRounding = 1e-9;

struct SiteLinks {
  bool all_down = true;  // every link is known to be down …
  bool all_lost = true;  // … or unknown with a silent device at this end
  bool any_up = false;
};

// One end of a link, or both where they are at one site.
struct OwnEnd {
  const SiteName& site;
  bool silent = false;  // the device was asked and did not answer
  bool up = false;
};

void note(std::unordered_map<SiteName, SiteLinks>& sites, std::optional<bool> up,
          const OwnEnd& own) {
  if (own.site.empty()) return;
  SiteLinks& links = sites[own.site];
  links.all_down = links.all_down && up == false;
  links.all_lost = links.all_lost && (up == false || (!up && own.silent));
  links.any_up = links.any_up || up == true || (!up && own.up);
}

OwnEnd own_end(const Snapshot& snapshot, const LinkView& link, const LinkEndView& end) {
  OwnEnd own{end.site};
  if (link.up) return own;  // says it all
  const DeviceView* device = find_device(snapshot, end.device.text());
  own.silent = device != nullptr && answers(*device) == false;
  own.up = end.up == true;
  return own;
}

std::unordered_map<SiteName, SiteLinks> links_by_site(const Snapshot& snapshot) {
  std::unordered_map<SiteName, SiteLinks> sites;
  for (const LinkView& link : snapshot.links) {
    OwnEnd a = own_end(snapshot, link, link.a);
    if (!link.b) {
      note(sites, link.up, a);
      continue;
    }
    const OwnEnd b = own_end(snapshot, link, *link.b);
    if (a.site == b.site) {
      a.silent = a.silent && b.silent;
      a.up = a.up || b.up;
      note(sites, link.up, a);
      continue;
    }
    note(sites, link.up, a);
    note(sites, link.up, b);
  }
  return sites;
}

bool contains(const std::vector<SiteName>& sites, const SiteName& site) {
  return std::find(sites.begin(), sites.end(), site) != sites.end();
}

}  // namespace

void Crisis::restore(CrisisMemory memory, Instant now, WallTime wall) {
  const auto moved = [&](WallTime then) { return now - std::max(Duration::zero(), wall - then); };
  const std::map<SiteName, WallTime> known = memory_.isolated;
  if (is_on()) {
    // Isolated before this crisis, and not by it.
    for (const auto& [site, since] : memory.isolated) {
      if (!memory_.isolated.contains(site)) memory_.outside.insert(site);
    }
    memory_.isolated.merge(memory.isolated);
  } else {
    memory_ = std::move(memory);
    memory_.isolated.insert(known.begin(), known.end());
  }
  for (const auto& [site, since] : memory_.isolated) {
    if (!isolated_at_.contains(site)) isolated_at_[site] = moved(since);
  }
  if (memory_.recovering_since) recovering_at_ = moved(*memory_.recovering_since);
}

bool Crisis::is_on() const {
  return memory_.state == CrisisState::crisis || memory_.state == CrisisState::recovery;
}

void Crisis::update_isolated(const Snapshot& snapshot, Instant now, WallTime wall) {
  const auto sites = links_by_site(snapshot);
  weights_.clear();
  total_weight_ = 0;
  for (const Site& site : snapshot.sites) {
    if (!sites.contains(site.name)) continue;
    weights_[site.name] = site.weight;
    total_weight_ += site.weight;
  }
  std::erase_if(memory_.isolated, [&](const auto& one) {
    const auto links = sites.find(one.first);  // gone with its links from the configuration, or up
    const bool over = links == sites.end() || links->second.any_up;
    if (over) {
      isolated_at_.erase(one.first);
      memory_.outside.erase(one.first);
    }
    return over;
  });
  for (const auto& [site, weight] : weights_) {
    if (!sites.at(site).all_lost || memory_.isolated.contains(site)) continue;
    memory_.isolated[site] = wall;
    isolated_at_[site] = now;
  }
  evidence_.clear();
  for (const auto& [site, since] : memory_.isolated) {
    const SiteLinks& links = sites.at(site);
    evidence_[site] = links.all_down   ? Evidence::down
                      : links.all_lost ? Evidence::silent
                                       : Evidence::unknown;
  }
}

double Crisis::share(const std::vector<SiteName>& sites) const {
  if (total_weight_ <= 0) return 0;
  double sum = 0;
  for (const SiteName& site : sites) {
    const auto found = weights_.find(site);
    if (found != weights_.end()) sum += found->second;
  }
  return sum / total_weight_;
}

bool Crisis::reached(const std::vector<SiteName>& sites) const {
  if (sites.empty() || !config_) return false;
  if (config_->min_sites && sites.size() >= *config_->min_sites) return true;
  return config_->isolated_weight_share && total_weight_ > 0 &&
         share(sites) + kRounding >= *config_->isolated_weight_share;
}

std::vector<SiteName> Crisis::newly_isolated(Instant now) const {
  std::vector<SiteName> sites;
  for (const auto& [site, since] : isolated_at_) {
    if (now - since <= config_->within) sites.push_back(site);
  }
  return sites;
}

std::vector<SiteName> Crisis::still_isolated() const {
  std::vector<SiteName> sites;
  for (const SiteName& site : memory_.told) {
    if (memory_.isolated.contains(site)) sites.push_back(site);
  }
  return sites;
}

void Crisis::declare(std::vector<SiteName> sites, WallTime wall) {
  memory_.state = CrisisState::crisis;
  memory_.told = std::move(sites);
  memory_.declared = wall;
  for (const auto& [site, since] : memory_.isolated) {
    if (!contains(memory_.told, site)) memory_.outside.insert(site);
  }
}

void Crisis::fill(CrisisVerdict& verdict) const {
  const std::vector<SiteName> isolated = still_isolated();
  verdict.told = memory_.told;
  verdict.now.count = isolated.size();
  for (const SiteName& site : isolated) {
    const Evidence evidence = evidence_.at(site);
    verdict.now.down += evidence == Evidence::down ? 1U : 0U;
    verdict.now.silent += evidence == Evidence::silent ? 1U : 0U;
  }
  verdict.weight_share = share(isolated);
  verdict.everywhere = !weights_.empty() && isolated.size() == weights_.size();
  verdict.declared = *memory_.declared;
}

void Crisis::close() {
  memory_.state = memory_.isolated.empty() ? CrisisState::normal : CrisisState::watch;
  memory_.told.clear();
  memory_.outside.clear();
  memory_.declared.reset();
  memory_.recovering_since.reset();
}

void Crisis::advance(Instant now, WallTime wall, CrisisVerdict& verdict) {
  const bool on = is_on();
  if (!config_) {
    if (on) {
      fill(verdict);
      verdict.ended_because = "crisis was removed from the configuration";
    }
    close();
    return;
  }
  if (!on) {
    memory_.state = memory_.isolated.empty() ? CrisisState::normal : CrisisState::watch;
    std::vector<SiteName> fresh = newly_isolated(now);
    if (reached(fresh)) declare(std::move(fresh), wall);
    return;
  }
  for (const auto& [site, since] : memory_.isolated) {
    if (!memory_.outside.contains(site) && !contains(memory_.told, site)) {
      memory_.told.push_back(site);
    }
  }
  if (reached(still_isolated())) {
    memory_.state = CrisisState::crisis;
    memory_.recovering_since.reset();
    return;
  }
  if (memory_.state == CrisisState::crisis) {
    memory_.state = CrisisState::recovery;
    memory_.recovering_since = wall;
    recovering_at_ = now;
  }
  if (now - recovering_at_ < config_->recover_after) return;
  fill(verdict);
  verdict.ended_because = "the network stayed well for " + to_text(config_->recover_after);
  close();
}

CrisisVerdict Crisis::evaluate(const Snapshot& snapshot, Instant now, WallTime wall) {
  const CrisisMemory before = memory_;
  CrisisVerdict verdict;
  update_isolated(snapshot, now, wall);
  advance(now, wall, verdict);
  verdict.on = is_on();
  if (verdict.on) {
    fill(verdict);
  } else if (config_ && config_->hold > Duration::zero()) {
    verdict.hold = config_->hold;
    verdict.watched = newly_isolated(now);
  }
  verdict.changed = memory_ != before;
  return verdict;
}

}  // namespace itnxt
