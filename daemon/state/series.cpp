#include "daemon/state/series.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "daemon/core/labels.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostFamiliesAlive = 2000;
constexpr std::size_t kMostFamiliesOfNode = 500;
constexpr std::size_t kMostTold = 256;
constexpr std::size_t kMostRefused = 32;  // between two looks
constexpr Duration kTellAgain = 10min;

std::string subject_labels(const SeriesSample& sample, const SampleSource& source) {
  std::string text;
  if (!sample.device.empty()) {
    append_label(text, '{', "device", sample.device.text());
    return text;
  }
  switch (sample.owner) {
    case SeriesOwner::collector:
      append_label(text, '{', "node", source.node.text());
      append_label(text, ',', "collector", source.collector.text());
      break;
    case SeriesOwner::probe:
      append_label(text, '{', "probe", source.collector.text());
      break;
    case SeriesOwner::capture:
      append_label(text, '{', "capture", source.collector.text());
      break;
  }
  return text;
}

std::string labels_of(const SeriesFamily& family, const SeriesRow& row, const std::string& first) {
  std::string text = first;
  for (std::size_t i = 0; i < family.labels.size(); ++i) {
    append_label(text, ',', family.labels[i], row.labels[i]);
  }
  text += '}';
  return text;
}

}  // namespace

SeriesSubject subject_of(const SeriesSample& sample, const SampleSource& source) {
  if (!sample.device.empty()) return {sample.device, {}, {}, SeriesOwner::collector};
  switch (sample.owner) {
    case SeriesOwner::collector:
      return {{}, source.node, source.collector, sample.owner};
    case SeriesOwner::probe:
    case SeriesOwner::capture:
      return {{}, {}, source.collector, sample.owner};
  }
  return {};
}

struct Series::Context {
  const SeriesSample& sample;
  const SampleSource& source;
  Duration interval;
  Instant now;
  Admission& admission;
  std::string labels;  // of the subject, without the closing brace
};

void Series::reserve(std::span<const std::string_view> names) {
  for (const std::string_view name : names) reserved_.emplace(family_base(name));
}

void Series::refuse(const Context& context, std::string problem) {
  refuse(context.sample, context.source, context.now, std::move(problem));
}

void Series::refuse(const SeriesSample& sample, const SampleSource& source, Instant now,
                    std::string problem) {
  if (refused_.size() >= kMostRefused) return;
  const auto told = told_.find(problem);
  if (told != told_.end() && now - told->second < kTellAgain) return;
  if (told == told_.end() && told_.size() >= kMostTold) told_.clear();
  told_[problem] = now;
  refused_.push_back({std::move(problem), sample.device.text(), source.node, source.collector});
}

void Series::refuse_of_other(const SeriesSample& sample, const SampleSource& source, Instant now) {
  refuse(sample, source, now,
         "metrics of a device that another node polls are ignored: only that node's collectors "
         "bring them");
}

// End when the family is refused.
Series::Families::iterator Series::find_or_add(const SeriesFamily& family, const Context& context) {
  const std::string_view base = family_base(family.name);
  const auto found = families_.find(base);
  if (found != families_.end()) {
    const Family& known = found->second;
    if (known.view.name == family.name && known.view.type == family.type &&
        known.view.help == family.help && known.labels == family.labels &&
        known.bounds == family.bounds) {
      return found;
    }
    refuse(context,
           family.name + ": differs from " + known.view.name +
               ", which came first and is alive, in name, type, help, bounds or label names; "
               "give it the same or another name");
    return families_.end();
  }
  if (auto objection = family_objection(family)) {
    refuse(context, std::move(*objection));
    return families_.end();
  }
  if (reserved_.contains(base)) {
    refuse(context, family.name + ": is one of the aggregator's own metrics; choose another name");
    return families_.end();
  }
  const auto of_node = std::ranges::count_if(
      families_, [&](const auto& one) { return one.second.node == context.source.node; });
  if (families_.size() >= kMostFamiliesAlive ||
      static_cast<std::size_t>(of_node) >= kMostFamiliesOfNode) {
    refuse(context, "more than " + std::to_string(kMostFamiliesOfNode) +
                        " families of one node, or " + std::to_string(kMostFamiliesAlive) +
                        " of all; those that come after are refused");
    return families_.end();
  }
  Family made;
  made.view = {++next_family_, family.name, family.type, family.help, is_info(family)};
  for (const double bound : family.bounds) made.view.bounds.push_back(bound_text(bound));
  made.labels = family.labels;
  made.bounds = family.bounds;
  made.lines = lines_per_row(family);
  made.node = context.source.node;
  shown_.reset();
  return families_.emplace(base, std::move(made)).first;
}

// Rows of the same family and labels that another source of the subject tells already.
bool Series::drop_taken(const Subject& subject, const BlockKey& key, SeriesBlockView& view) const {
  std::unordered_set<std::string_view> taken;
  for (auto at = subject.blocks.lower_bound({std::get<0>(key), {}, {}, {}});
       at != subject.blocks.end() && std::get<0>(at->first) == std::get<0>(key); ++at) {
    if (at->first == key) continue;
    for (const SeriesRowView& row : at->second.view->rows) taken.insert(row.labels);
  }
  if (taken.empty()) return false;
  return std::erase_if(view.rows,
                       [&](const SeriesRowView& row) { return taken.contains(row.labels); }) > 0;
}

// What a partial sample does not tell stays as it was. Rows are sorted before and after.
void Series::keep_missing(const Block& before, const Context& context, SeriesBlockView& view,
                          std::vector<Instant>& seen) const {
  std::vector<SeriesRowView> rows;
  auto fresh = view.rows.begin();
  for (std::size_t i = 0; i < before.view->rows.size(); ++i) {
    const SeriesRowView& old = before.view->rows[i];
    while (fresh != view.rows.end() && fresh->labels < old.labels) {
      rows.push_back(std::move(*fresh++));
      seen.push_back(context.now);
    }
    if (fresh != view.rows.end() && fresh->labels == old.labels) continue;
    rows.push_back(old);
    seen.push_back(before.mixed ? before.row_seen[i] : before.seen);
  }
  for (; fresh != view.rows.end(); ++fresh) {
    rows.push_back(std::move(*fresh));
    seen.push_back(context.now);
  }
  view.rows = std::move(rows);
}

// Cuts the block to what may be kept; true when all may.
bool Series::admit(const Context& context, const Family& family, Subject& subject,
                   std::size_t before, SeriesBlockView& view) {
  const NodeName& node = context.source.node;
  std::size_t kept = std::min(before, view.rows.size());
  std::optional<Limit> limit;
  for (std::size_t i = kept; i < view.rows.size(); ++i) {
    const bool of_device = !context.sample.device.empty();
    const auto refused =
        context.admission.refuses(node, family.lines, of_device ? subject.lines : 0);
    if (refused) {
      limit = refused;
      continue;
    }
    ++kept;
    subject.lines += family.lines;
  }
  if (view.rows.size() < before) {
    const std::uint64_t gone = (before - view.rows.size()) * family.lines;
    context.admission.release(node, gone);
    subject.lines -= gone;
  }
  if (!limit) return true;
  view.rows.resize(kept);
  refuse(context, family.view.name + ": series are refused by aggregator.limits." +
                      (*limit == Limit::series ? "series" : "series_per_node") +
                      "; raise it if there really are so many");
  return false;
}

bool Series::apply(const SeriesFamily& family, const Context& context, Subject& subject) {
  const auto known = find_or_add(family, context);
  if (known == families_.end()) return false;
  const BlockKey key(known->second.view.id, context.source.node, context.source.collector,
                     context.sample.source);
  const auto old = subject.blocks.find(key);
  const Block* before = old == subject.blocks.end() ? nullptr : &old->second;
  if (before != nullptr && before->epoch == context.source.epoch &&
      context.sample.at < before->at) {
    return true;  // overtaken
  }
  auto view = std::make_shared<SeriesBlockView>();
  view->family = known->second.view.id;
  view->at = context.source.wall(context.sample.at);
  view->rows.reserve(family.rows.size());
  for (const SeriesRow& row : family.rows) {
    view->rows.push_back({labels_of(family, row, context.labels),
                          known->second.view.info ? SeriesValue(1.0) : row.value});
  }
  std::ranges::stable_sort(view->rows, {}, &SeriesRowView::labels);
  const auto twins = std::unique(view->rows.begin(), view->rows.end(),
                                 [](const auto& x, const auto& y) { return x.labels == y.labels; });
  bool whole = twins == view->rows.end();
  view->rows.erase(twins, view->rows.end());
  if (drop_taken(subject, key, *view)) whole = false;
  if (!whole) {
    refuse(context, family.name +
                        ": rows with the same labels, of one source or of two; each "
                        "series belongs to who told it first");
  }
  std::vector<Instant> seen;
  const bool mixed = context.sample.partial && before != nullptr;
  if (mixed) keep_missing(*before, context, *view, seen);
  const std::size_t rows_before = before == nullptr ? 0 : before->view->rows.size();
  if (!admit(context, known->second, subject, rows_before, *view)) whole = false;
  if (view->rows.empty()) {
    if (old != subject.blocks.end()) subject.blocks.erase(old), --known->second.blocks;
    if (known->second.blocks == 0) families_.erase(known), shown_.reset();
    return whole;
  }
  if (before == nullptr) ++known->second.blocks;
  seen.resize(mixed ? view->rows.size() : 0);
  subject.blocks.insert_or_assign(
      key, Block{known, context.source.epoch, context.sample.at, context.now, context.interval,
                 mixed, std::move(seen), std::move(view)});
  return whole;
}

std::size_t Series::apply(const SeriesSample& sample, const SampleSource& source,
                          Duration batch_interval, Instant now, Admission& admission) {
  const SeriesSubject key = subject_of(sample, source);
  const Context context{
      sample, source,    sample.interval == Duration::zero() ? batch_interval : sample.interval,
      now,    admission, subject_labels(sample, source)};
  Subject& subject = subjects_[key];
  std::size_t refused = 0;
  for (const SeriesFamily& family : sample.families) {
    if (!apply(family, context, subject)) ++refused;
  }
  if (subject.blocks.empty()) {
    subjects_.erase(key);
  } else {
    show(subject);
  }
  return refused;
}

void Series::erase(Subject& subject, std::map<BlockKey, Block>::iterator block,
                   Admission& admission) {
  const auto family = block->second.family;
  const std::uint64_t lines = block->second.view->rows.size() * family->second.lines;
  admission.release(std::get<NodeName>(block->first), lines);
  subject.lines -= lines;
  if (--family->second.blocks == 0) families_.erase(family), shown_.reset();
  subject.blocks.erase(block);
}

bool Series::drop_stale_rows(Block& block, const NodeName& node, Subject& subject, Instant now,
                             Duration most, Admission& admission) {
  const auto is_stale = [&](Instant seen) { return now - seen > most; };
  if (std::ranges::none_of(block.row_seen, is_stale)) return false;
  auto view = std::make_shared<SeriesBlockView>();
  view->family = block.view->family;
  view->at = block.view->at;
  std::vector<Instant> seen;
  for (std::size_t i = 0; i < block.row_seen.size(); ++i) {
    if (is_stale(block.row_seen[i])) continue;
    view->rows.push_back(block.view->rows[i]);
    seen.push_back(block.row_seen[i]);
  }
  const std::uint64_t gone = (block.row_seen.size() - seen.size()) * block.family->second.lines;
  admission.release(node, gone);
  subject.lines -= gone;
  block.view = std::move(view);
  block.row_seen = std::move(seen);
  return true;
}

bool Series::tick(Instant now, std::uint32_t stale_after, Admission& admission) {
  bool changed = false;
  for (auto at = subjects_.begin(); at != subjects_.end();) {
    Subject& subject = at->second;
    bool went = false;
    for (auto block = subject.blocks.begin(); block != subject.blocks.end();) {
      const auto next = std::next(block);
      const Duration most = stale_time(block->second.interval, stale_after);
      if (now - block->second.seen > most) {
        erase(subject, block, admission);
        went = true;
      } else if (block->second.mixed) {
        const NodeName& node = std::get<NodeName>(block->first);
        went = drop_stale_rows(block->second, node, subject, now, most, admission) || went;
      }
      block = next;
    }
    changed = changed || went;
    if (subject.blocks.empty()) {
      at = subjects_.erase(at);
      continue;
    }
    if (went) show(subject);
    ++at;
  }
  return changed;
}

void Series::forget(const DeviceName& device, Admission& admission) {
  const auto found = subjects_.find({device, {}, {}, SeriesOwner::collector});
  if (found == subjects_.end()) return;
  while (!found->second.blocks.empty()) {
    erase(found->second, found->second.blocks.begin(), admission);
  }
  subjects_.erase(found);
}

void Series::show(Subject& subject) {
  auto view = std::make_shared<SubjectSeriesView>();
  view->blocks.reserve(subject.blocks.size());
  for (const auto& [key, block] : subject.blocks) view->blocks.push_back(block.view);
  subject.view = std::move(view);
}

std::shared_ptr<const std::vector<SeriesFamilyView>> Series::families() {
  if (!shown_) {
    auto families = std::make_shared<std::vector<SeriesFamilyView>>();
    for (const auto& [base, family] : families_) families->push_back(family.view);
    shown_ = std::move(families);
  }
  return shown_;
}

std::shared_ptr<const SubjectSeriesView> Series::of(const SeriesSubject& subject) const {
  const auto found = subjects_.find(subject);
  return found == subjects_.end() ? nullptr : found->second.view;
}

void Series::show(Snapshot& snapshot) {
  snapshot.series_families = families();
  snapshot.series_of.reserve(subjects_.size());
  for (const auto& [key, subject] : subjects_) snapshot.series_of.push_back(subject.view);
}

std::vector<SeriesRefused> Series::take_refused(Instant now) {
  std::erase_if(told_, [&](const auto& one) { return now - one.second >= kTellAgain; });
  return std::exchange(refused_, {});
}

}  // namespace itnxt
