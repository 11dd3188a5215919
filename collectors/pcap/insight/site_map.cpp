#include "collectors/pcap/insight/site_map.hpp"

#include <algorithm>

namespace itnxt::pcap {
namespace {

struct Span {
  IpAddress first;
  IpAddress last;
  SiteNumber site = 0;
};
struct Start {
  IpAddress at;
  SiteNumber site = 0;
};

Span span_of(const SitePrefix& prefix) {
  const IpAddress first = masked(prefix.address, prefix.length);
  const IpAddress host = masked({~0ULL, ~0ULL}, prefix.length);
  return {first, {first.high | ~host.high, first.low | ~host.low}, prefix.site};
}

bool is_last(const IpAddress& a) {
  return a.high == ~0ULL && a.low == ~0ULL;
}
IpAddress after(const IpAddress& a) {
  return {a.low == ~0ULL ? a.high + 1 : a.high, a.low + 1};
}

class Flattening {
 public:
  // In order of first, and of two with one first the larger before.
  void open(const Span& span) {
    close_before(span.first);
    begin(span.first, span.site);
    open_.push_back(span);
  }
  std::vector<Start> finish() && {
    close_before({~0ULL, ~0ULL});
    while (!open_.empty()) close();
    return std::move(starts_);
  }

 private:
  void begin(const IpAddress& at, SiteNumber site) {
    if (!starts_.empty() && starts_.back().at == at) starts_.pop_back();
    if (starts_.empty() ? site != 0 : starts_.back().site != site) starts_.push_back({at, site});
  }
  void close_before(const IpAddress& at) {
    while (!open_.empty() && open_.back().last < at) close();
  }
  void close() {
    const IpAddress last = open_.back().last;
    open_.pop_back();
    if (!is_last(last)) begin(after(last), open_.empty() ? SiteNumber{0} : open_.back().site);
  }

  std::vector<Span> open_;  // each within the one before
  std::vector<Start> starts_;
};

}  // namespace

SiteMap::SiteMap(std::span<const SitePrefix> prefixes) {
  std::vector<Span> spans;
  spans.reserve(prefixes.size());
  for (const SitePrefix& prefix : prefixes) spans.push_back(span_of(prefix));
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.first != b.first ? a.first < b.first : b.last < a.last;
  });
  Flattening flat;
  for (const Span& span : spans) flat.open(span);
  for (const Start& start : std::move(flat).finish()) {
    v6_.starts.push_back(start.at);
    v6_.sites.push_back(start.site);
  }
  // The IPv4 part once more, in a quarter of the memory.
  v4_.starts.push_back(0);
  v4_.sites.push_back(v6_.find(v4(0)));
  for (std::size_t i = 0; i < v6_.starts.size(); ++i) {
    const IpAddress& at = v6_.starts[i];
    if (!at.is_v4() || at == v4(0)) continue;
    v4_.starts.push_back(static_cast<std::uint32_t>(at.low));
    v4_.sites.push_back(v6_.sites[i]);
  }
}

template <class T>
SiteNumber SiteMap::Ranges<T>::find(const T& key) const {
  const auto next = std::upper_bound(starts.begin(), starts.end(), key);
  if (next == starts.begin()) return 0;
  return sites[static_cast<std::size_t>(next - starts.begin()) - 1];
}

template struct SiteMap::Ranges<std::uint32_t>;
template struct SiteMap::Ranges<IpAddress>;

}  // namespace itnxt::pcap
