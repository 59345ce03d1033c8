#include "app/policy_keeper.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "base/uuid.h"

namespace schoolgate::app {
namespace {

bool is_in_force(const rules::Measure& measure, TimePoint now) { return measure.from <= now && now < measure.until; }

// The same rules with other measures are another policy: the version says so.
std::string version_with(const std::string& version, const std::vector<rules::Measure>& measures, TimePoint now) {
  std::string ids;
  for (const rules::Measure& measure : measures)
    if (is_in_force(measure, now)) ids += measure.id + '\n';
  return version + "+" + to_hex(sha256(ids)).substr(0, 8);
}

std::string lost_in_words(const rules::Measure& measure, bool is_unwritten) {
  const std::string verb = measure.kind == rules::Measure::Kind::emergency ? "emergency undo" : "exam end";
  const auto id = Uuid::from_text(measure.id);
  return "desk.db no longer had " + rules::cited_as(measure) + ", which stays in force" +
         (is_unwritten ? " and cannot be written there yet" : " and is written there again") +
         "; if it is over: schoolgate " + verb + ' ' + (id ? id->reference() : measure.id);
}

}  // namespace

Result<std::shared_ptr<const rules::PolicySnapshot>> PolicyKeeper::compile(const std::vector<rules::Measure>& measures,
                                                                           TimePoint now, Problems& warnings) const {
  rules::PolicySpec spec = spec_;
  if (std::ranges::any_of(measures, [&](const auto& measure) { return is_in_force(measure, now); }))
    spec.version = version_with(spec.version, measures, now);
  warnings = rules::apply_measures(spec, measures, now);
  Problems of_rules;  // told when the configuration was loaded
  auto snapshot = rules::PolicySnapshot::compile(spec, lists_, now, of_rules);
  if (snapshot) return std::move(*snapshot);
  const Problem& first = snapshot.error().front();
  return fail(Fault::self, "the policy does not compile with its measures: " + first.text(),
              "the policy in force stays");
}

std::vector<rules::Measure> PolicyKeeper::settle(const std::vector<rules::Measure>& kept, Moment now) {
  auto settled = lengths_.settle(kept, now);
  over_.insert(over_.end(), settled.over.begin(), settled.over.end());
  return std::move(settled.measures);
}

void PolicyKeeper::put_back_lost() {
  std::vector<rules::Measure> left;
  why_unwritten_.clear();
  for (rules::Measure& measure : is_compared_ ? unwritten_ : kept_.read()) {
    if (auto written = put_back_(measure); !written) {
      why_unwritten_ = written.error().text();
      left.push_back(std::move(measure));
    } else if (*written) {
      put_back_ids_.insert(measure.id);
    }
  }
  unwritten_ = std::move(left);
  is_compared_ = true;
}

Result<std::vector<rules::Measure>> PolicyKeeper::read_whole(Moment now) {
  const TimePoint ends_after = lengths_.ends_after(now.wall);
  auto read = measures_(ends_after);
  if (!read || (is_compared_ && unwritten_.empty())) return read;
  put_back_lost();
  read = measures_(ends_after);
  if (!read) return read;
  // One that could not be written may be in the store all the same: not read is not gone.
  for (const rules::Measure& measure : unwritten_)
    if (std::ranges::find(*read, measure.id, &rules::Measure::id) == read->end()) read->push_back(measure);
  return read;
}

void PolicyKeeper::word_lost(const std::vector<rules::Measure>& measures) {
  lost_words_.clear();
  for (const rules::Measure& measure : measures) {
    const bool is_unwritten = std::ranges::find(unwritten_, measure.id, &rules::Measure::id) != unwritten_.end();
    if (is_unwritten || put_back_ids_.contains(measure.id))
      lost_words_ += (lost_words_.empty() ? "" : ". ") + lost_in_words(measure, is_unwritten);
  }
  if (!lost_words_.empty() && !why_unwritten_.empty()) lost_words_ += " (" + why_unwritten_ + ")";
}

Result<std::vector<rules::Measure>> PolicyKeeper::settled(Moment now) {
  auto read = read_whole(now);
  if (!read) return std::unexpected(std::move(read.error()));
  if (auto kept = kept_.keep(*read); !kept)
    log::warning("the measures in force are not kept beside their store", {{"why", kept.error().text()}});
  known_ = std::move(*read);
  auto measures = settle(*known_, now);
  word_lost(measures);
  return measures;
}

std::vector<rules::Measure> PolicyKeeper::settled_or_known(Moment now, std::string& trouble) {
  auto read = settled(now);
  if (read) {
    trouble = lost_words_;
    return std::move(*read);
  }
  trouble = read.error().text() + "; emergency blocks and exams stay in force as they were last known";
  if (!known_) known_ = kept_.read();
  return settle(*known_, now);
}

Result<Problems> PolicyKeeper::publish(const std::vector<rules::Measure>& measures, Moment now) {
  Problems warnings;
  auto snapshot = compile(measures, now.wall, warnings);
  if (!snapshot) return std::unexpected(std::move(snapshot.error()));
  next_change_ = rules::next_change(measures, now.wall);
  store_.publish(std::move(*snapshot));
  return warnings;
}

Problems PolicyKeeper::use(rules::PolicySpec spec, std::shared_ptr<const rules::PolicySnapshot> plain, Moment now) {
  std::string trouble;
  Problems warnings;
  {
    const std::scoped_lock lock(mutex_);
    spec_ = std::move(spec);
    lists_ = std::shared_ptr<const blocklists::CategoryDb>(plain, &plain->lists());
    const auto measures = settled_or_known(now, trouble);
    next_change_ = rules::next_change(measures, now.wall);
    if (std::ranges::none_of(measures, [&](const auto& measure) { return is_in_force(measure, now.wall); })) {
      store_.publish(std::move(plain));
    } else if (auto published = publish(measures, now)) {
      warnings = std::move(*published);
    } else {
      // A policy with its measures is in force already: better that one than a newer one without them.
      trouble = published.error().text();
      if (!has_published_) store_.publish(std::move(plain));
    }
    has_published_ = true;
  }
  tell(trouble);
  return warnings;
}

Result<Problems> PolicyKeeper::refresh(Moment now) {
  Result<Problems> published;
  std::string lost;
  {
    const std::scoped_lock lock(mutex_);
    const auto measures = settled(now);
    if (!measures) return std::unexpected(measures.error());
    published = publish(*measures, now);
    lost = lost_words_;
  }
  if (published) tell(lost);
  return published;
}

void PolicyKeeper::retry(Moment now) {
  {
    const std::scoped_lock lock(mutex_);
    if (told_ == lost_words_ && unwritten_.empty()) return;  // it lasts until a person undoes it
  }
  [[maybe_unused]] const auto refreshed = refresh(now);  // what is wrong still is told already
}

void PolicyKeeper::tell(const std::string& trouble) {
  {
    const std::scoped_lock lock(mutex_);
    if (trouble == told_) return;
    told_ = trouble;
  }
  if (!trouble.empty()) log::error("measures", {{"why", trouble}});
  tell_(trouble);
}

std::optional<TimePoint> PolicyKeeper::next_change() const {
  const std::scoped_lock lock(mutex_);
  return next_change_;
}

void PolicyKeeper::refresh_if_due(Moment now) {
  bool is_due = false;
  std::vector<std::string> over;
  {
    const std::scoped_lock lock(mutex_);
    is_due = (next_change_ && *next_change_ <= now.wall) || lengths_.is_settling_due(now);
    over.swap(over_);
  }
  for (const std::string& id : over)
    if (auto closed = close_(id); !closed)
      log::error("a measure that is over is not closed", {{"id", id}, {"why", closed.error().text()}});
  if (!is_due) return;
  std::string trouble;
  {
    const std::scoped_lock lock(mutex_);
    const auto measures = settled_or_known(now, trouble);
    if (auto done = publish(measures, now); !done) trouble = done.error().text();
  }
  tell(trouble);
}

rules::PolicySpec PolicyKeeper::spec() const {
  const std::scoped_lock lock(mutex_);
  return spec_;
}

}  // namespace schoolgate::app
