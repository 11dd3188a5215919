// When so many sites lose every link that single pages would bury the on-call. Pure; one thread.
//
// A site is isolated when each of its links is known to be down, or is unknown while the device at
// the site's own end of it was asked and did not answer: a power cut, or management over the very
// line that broke, leaves nobody who could say "down". A link that is unknown for another reason
// (its collector is gone, the far end is silent) is not down. It stays isolated until one of its
// links is known to be up, or unknown only because of the far end while its own port is up. A site
// without a link never counts.
//
//   normal ─ a site is isolated ─▶ watch ─ threshold reached ─▶ crisis ─ no longer ─▶ recovery
//     ▲────────── none ◀──────────────┘        ▲──── relapse ────────────┘│
//     └─────────────────────────── recover_after without relapse ─────────┘ (watch if any is left)
//
// Declared by the sites that became isolated within `within` and still are. While it is on, the
// condition is that those and the later ones which still are isolated reach the threshold: sites
// that do not come back keep it on, however long.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/board.hpp"
#include "daemon/state/snapshot.hpp"

namespace itnxt {

// What must survive a restart.
struct CrisisMemory {
  CrisisState state = CrisisState::normal;
  std::map<SiteName, WallTime> isolated;     // since when
  std::vector<SiteName> told;                // sites of this crisis, in order of their isolation
  std::set<SiteName> outside;                // isolated long before it: they have their own pages
  std::optional<WallTime> declared;          // while crisis or recovery
  std::optional<WallTime> recovering_since;  // while recovery
  bool operator==(const CrisisMemory&) const = default;
};

// Sites of a crisis that are isolated now, and on what evidence; of the rest of them nothing is
// known at the moment.
struct IsolatedSites {
  std::size_t count = 0;
  std::size_t down = 0;    // every link is known to be down
  std::size_t silent = 0;  // the others of which a device does not answer
  bool operator==(const IsolatedSites&) const = default;
};

struct CrisisVerdict {
  bool on = false;             // crisis or recovery: the page is open
  std::vector<SiteName> told;  // sites of the page, also those that are back
  IsolatedSites now;           // of these
  double weight_share = 0;     // of those that are isolated now, of all sites that have links
  bool everywhere = false;     // every site that has links is told of and isolated now
  WallTime declared;           // meaningful while on
  // While it is off: the sites that would count if it were declared now, and how long the pages of
  // alerts at them wait for that.
  std::vector<SiteName> watched;
  Duration hold{};
  std::string ended_because;  // when it went off now
  bool changed = false;       // memory() differs from before: store it
};

class Crisis {
 public:
  explicit Crisis(std::optional<CrisisConfig> config) : config_(config) {}

  // Without a configuration a crisis that is on ends at the next evaluate().
  void reconfigure(std::optional<CrisisConfig> config) { config_ = config; }
  // A crisis that is on already stays as it is, and only learns which sites were isolated before.
  void restore(CrisisMemory memory, Instant now, WallTime wall);
  CrisisVerdict evaluate(const Snapshot& snapshot, Instant now, WallTime wall);

  [[nodiscard]] const CrisisMemory& memory() const { return memory_; }

 private:
  void update_isolated(const Snapshot& snapshot, Instant now, WallTime wall);
  [[nodiscard]] bool is_on() const;
  [[nodiscard]] bool reached(const std::vector<SiteName>& sites) const;
  [[nodiscard]] std::vector<SiteName> newly_isolated(Instant now) const;
  [[nodiscard]] std::vector<SiteName> still_isolated() const;
  [[nodiscard]] double share(const std::vector<SiteName>& sites) const;
  void advance(Instant now, WallTime wall, CrisisVerdict& verdict);
  void declare(std::vector<SiteName> sites, WallTime wall);
  void fill(CrisisVerdict& verdict) const;
  void close();

  std::optional<CrisisConfig> config_;
  CrisisMemory memory_;
  enum class Evidence : std::uint8_t { down, silent, unknown };
  std::map<SiteName, Instant> isolated_at_;
  std::map<SiteName, Evidence> evidence_;  // of the isolated sites
  Instant recovering_at_;
  std::map<SiteName, double> weights_;  // of the sites that have links
  double total_weight_ = 0;
};

}  // namespace itnxt
