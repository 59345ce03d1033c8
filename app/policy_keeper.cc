#include "app/policy_keeper.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/log.h"

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
              "what was in force stays in force");
}

Problems PolicyKeeper::use(rules::PolicySpec spec, std::shared_ptr<const rules::PolicySnapshot> plain, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  spec_ = std::move(spec);
  lists_ = std::shared_ptr<const blocklists::CategoryDb>(plain, &plain->lists());
  Problems warnings;
  const auto measures = measures_();
  if (measures) {
    next_change_ = rules::next_change(*measures, now);
    if (std::ranges::any_of(*measures, [&](const auto& measure) { return is_in_force(measure, now); })) {
      auto with = compile(*measures, now, warnings);
      if (with)
        plain = std::move(*with);
      else
        log::error("measures are not in force", {{"why", with.error().text()}});
    }
  } else {
    log::error("measures cannot be read", {{"why", measures.error().text()}});
  }
  store_.publish(std::move(plain));
  return warnings;
}

Result<Problems> PolicyKeeper::refresh(TimePoint now) {
  const std::scoped_lock lock(mutex_);
  const auto measures = measures_();
  if (!measures) return std::unexpected(measures.error());
  Problems warnings;
  auto snapshot = compile(*measures, now, warnings);
  if (!snapshot) return std::unexpected(std::move(snapshot.error()));
  next_change_ = rules::next_change(*measures, now);
  store_.publish(std::move(*snapshot));
  return warnings;
}

std::optional<TimePoint> PolicyKeeper::next_change() const {
  const std::scoped_lock lock(mutex_);
  return next_change_;
}

void PolicyKeeper::refresh_if_due(TimePoint now) {
  {
    const std::scoped_lock lock(mutex_);
    if (!next_change_ || *next_change_ > now) return;
  }
  if (auto done = refresh(now); !done)
    log::error("a measure began or ended and is not seen yet", {{"why", done.error().text()}});
}

rules::PolicySpec PolicyKeeper::spec() const {
  const std::scoped_lock lock(mutex_);
  return spec_;
}

}  // namespace schoolgate::app
