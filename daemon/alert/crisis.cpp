#include "daemon/alert/crisis.hpp"

#include <algorithm>
#include <unordered_map>

namespace itnxt {
namespace {

// Shares are sums of configured decimals: 0.1 + 0.2 must reach 0.3.
constexpr double kRounding = 1e-9;

struct SiteLinks {
  bool all_down = true;
  bool any_up = false;
};

void note(std::unordered_map<SiteName, SiteLinks>& sites, const SiteName& site,
          std::optional<bool> up) {
  if (site.empty()) return;
  SiteLinks& links = sites[site];
  links.all_down = links.all_down && up == false;
  links.any_up = links.any_up || up == true;
}

std::unordered_map<SiteName, SiteLinks> links_by_site(const Snapshot& snapshot) {
  std::unordered_map<SiteName, SiteLinks> sites;
  for (const LinkView& link : snapshot.links) {
    note(sites, link.a.site, link.up);
    if (link.b && link.b->site != link.a.site) note(sites, link.b->site, link.up);
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
    if (!sites.at(site).all_down || memory_.isolated.contains(site)) continue;
    memory_.isolated[site] = wall;
    isolated_at_[site] = now;
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
  verdict.told = memory_.told;
  verdict.isolated = still_isolated().size();
  verdict.weight_share = share(still_isolated());
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
  if (verdict.on) fill(verdict);
  verdict.changed = memory_ != before;
  return verdict;
}

}  // namespace itnxt
