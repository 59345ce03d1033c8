#include "changes/replay.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>

#include "changes/answer_cache.h"
#include "names/host.h"
#include "names/url.h"
#include "rules/presence.h"
#include "rules/request.h"
#include "rules/text_hash.h"

namespace schoolgate::changes {
namespace {

using breaches::DecisionSeen;
using rules::Action;

constexpr std::size_t kMostAskers = 100'000;  // remembered at once
constexpr std::string_view kSealed = "sealed";

struct TurnWords {
  std::string_view json, people;
};
constexpr std::array<TurnWords, kTurns> kTurnWords{{{"closed", "newly closed"},
                                                    {"open", "newly open"},
                                                    {"warned", "newly warned"},
                                                    {"recorded", "newly recorded"},
                                                    {"unrecorded", "no longer recorded"},
                                                    {"tls_opened", "newly opened TLS"},
                                                    {"tls_left", "TLS no longer opened"}}};

/// What a gateway does with a request.
struct Outcome {
  Action action = Action::block;
  bool decrypted = false;
  bool inside_decides = false;  ///< only the name was asked, and the connection is opened to ask more
  rules::Verdict verdict;       ///< the one that decides
};

/// A question as the log tells it.
struct Question {
  std::optional<rules::Request> whole;  ///< the whole address was seen
  std::optional<rules::Request> name;   ///< the name was asked first, or alone
  rules::Stage name_stage = rules::Stage::connect;
};

bool opens(const ReplayedPolicy& side, const rules::Verdict& by_name) noexcept {
  return side.can_open &&
         (by_name.inspect || (by_name.action == Action::warn && !rules::must_not_open(by_name.inspect_reason)));
}

Outcome outcome_of(const ReplayedPolicy& side, const rules::Subject& subject, const Question& question,
                   TimePoint time) noexcept {
  Outcome outcome;
  if (question.name) {
    outcome.verdict = side.policy->decide(subject, *question.name, question.name_stage, time);
    outcome.decrypted = opens(side, outcome.verdict);
    outcome.action = outcome.verdict.action;
    if (!outcome.decrypted) {
      if (outcome.action == Action::warn) outcome.action = Action::block;  // no page can be shown
      return outcome;
    }
    if (!question.whole) {
      outcome.inside_decides = outcome.verdict.inspect;
      if (outcome.action == Action::block) outcome.action = Action::allow;  // a part of the host is open
      return outcome;
    }
  }
  outcome.verdict = side.policy->decide(subject, *question.whole, rules::Stage::request, time);
  outcome.action = outcome.verdict.action;
  return outcome;
}

std::optional<Turn> turn_of(Action was, Action becomes) noexcept {
  if (was == becomes) return std::nullopt;
  if (becomes == Action::block) return Turn::closed;
  if (becomes == Action::warn) return Turn::warned;
  if (was >= Action::warn) return Turn::open;
  return becomes == Action::monitor ? Turn::recorded : Turn::unrecorded;
}

/// The state of all schedules and ends of rules at every instant of a time: decisions of equal state are judged alike.
class StatesOfTime {
 public:
  StatesOfTime(const rules::SiteClock& clock, TimePoint since, TimePoint until,
               std::initializer_list<const rules::PolicySpec*> specs) {
    using std::chrono::days;
    const auto first = std::chrono::floor<days>(clock.local(since)) - days(2);
    const auto last = std::chrono::floor<days>(clock.local(until)) + days(1);
    std::vector<std::vector<Span>> schedules;
    std::vector<TimePoint> ends;
    for (const rules::PolicySpec* spec : specs) {
      for (const rules::GroupSpec& group : spec->groups)
        for (const rules::ScheduleSpec& schedule : group.schedules)
          schedules.push_back(spans_of(schedule, clock, first, last));
      for (const rules::RuleSpec& rule : spec->rules)
        if (rule.until) ends.push_back(clock.first_instant(std::chrono::local_days(*rule.until) + days(1)));
    }
    for (const auto& spans : schedules)
      for (const Span& span : spans) points_.insert(points_.end(), {span.begin, span.end});
    points_.insert(points_.end(), ends.begin(), ends.end());
    std::ranges::sort(points_);
    const auto rest = std::ranges::unique(points_);
    points_.erase(rest.begin(), rest.end());

    std::map<std::vector<bool>, std::uint32_t> known;
    for (std::size_t i = 0; i <= points_.size(); ++i) {
      const TimePoint at = i == 0 ? TimePoint::min() : points_[i - 1];
      std::vector<bool> state;
      for (const auto& spans : schedules)
        state.push_back(
            std::ranges::any_of(spans, [&](const Span& span) { return span.begin <= at && at < span.end; }));
      for (const TimePoint end : ends) state.push_back(at < end);
      states_.push_back(known.try_emplace(std::move(state), std::uint32_t(known.size())).first->second);
    }
  }

  /// Lines come nearly in order, so the place of the one before is tried first.
  [[nodiscard]] std::uint32_t at(TimePoint time) noexcept {
    const bool holds = (last_ == 0 || points_[last_ - 1] <= time) && (last_ == points_.size() || time < points_[last_]);
    if (!holds) last_ = std::size_t(std::ranges::upper_bound(points_, time) - points_.begin());
    return states_[last_];
  }

 private:
  struct Span {
    TimePoint begin, end;
  };
  /// docs/rules.md: it opens when the clock first shows `from` and closes when it last shows `to`.
  static std::vector<Span> spans_of(const rules::ScheduleSpec& schedule, const rules::SiteClock& clock,
                                    std::chrono::local_days first, std::chrono::local_days last) {
    std::vector<Span> spans;
    for (auto day = first; day <= last; day += std::chrono::days(1)) {
      if (!schedule.days[std::chrono::weekday(day).iso_encoding() - 1]) continue;
      const auto end_day = schedule.to_minute > schedule.from_minute ? day : day + std::chrono::days(1);
      spans.push_back({clock.first_instant(day + std::chrono::minutes(schedule.from_minute)),
                       clock.last_instant(end_day + std::chrono::minutes(schedule.to_minute))});
    }
    return spans;
  }

  std::vector<TimePoint> points_;
  std::vector<std::uint32_t> states_;  // before the first point, then behind each
  std::size_t last_ = 0;
};

bool may_be_shown(const rules::PolicySnapshot& policy, const rules::Verdict& verdict) noexcept {
  const rules::Reason& reason = verdict.reason;
  const bool illegal = reason.category != rules::kNoCategory && policy.categories()[reason.category].illegal;
  return !illegal && (reason.list < 0 || !policy.lists().lists()[std::size_t(reason.list)].sealed);
}

std::string evidence(const rules::PolicySnapshot& policy, const rules::Verdict& verdict) {
  const rules::Citation citation = policy.cite(verdict);
  if (!citation.rule.empty()) return "rule '" + citation.rule + "' at " + citation.source;
  if (!citation.list.empty()) return "list " + citation.list + " (" + citation.category + ")";
  if (!citation.category.empty()) return citation.tier + " (" + citation.category + ")";
  return citation.tier;
}

}  // namespace

std::string_view words_of(Turn turn) noexcept { return kTurnWords[std::size_t(turn)].people; }
std::string_view to_string(Turn turn) noexcept { return kTurnWords[std::size_t(turn)].json; }

struct Replay::State {
  /// Everybody whom both policies put into the same group, so that they are answered alike.
  struct Class {
    rules::GroupIndex was = 0, becomes = 0;
    bool by_name_only = false;
    auto operator<=>(const Class&) const = default;
  };
  struct Asker {
    std::uint32_t of_class = 0;
    std::uint64_t device = 0, person = 0;  ///< hashes; 0: no person
  };
  struct Row {
    ReplayRow shown;
    std::unordered_set<std::uint64_t> devices, people;
  };
  struct Answer {
    std::int32_t rows[2] = {-1, -1};
    std::int8_t turns[2] = {-1, -1};
    Action was = Action::allow, becomes = Action::allow;
    bool inside_opened = false, allowance = false;
    auto operator<=>(const Answer&) const = default;
  };
  static constexpr std::int32_t kNoRow = -2;  ///< there are too many

  ReplayedPolicy in_force, proposed;
  TimePoint since, until;
  StatesOfTime states;
  QuestionHasher hasher;
  AnswerCache cache{kMostAnswers};
  std::vector<Class> classes;
  std::map<Class, std::uint32_t> class_ids;
  rules::ByText<Asker> askers;
  std::string key;  // reused
  std::vector<Answer> answers;
  std::map<Answer, std::uint32_t> answer_ids;
  std::vector<Row> rows;
  std::map<std::tuple<Turn, std::uint32_t, std::string>, std::int32_t> row_ids;
  std::size_t counted = 0;
  ReplayResult sums;

  void add(const DecisionSeen& seen);
  [[nodiscard]] const Asker& asker_of(const DecisionSeen& seen);
  [[nodiscard]] std::uint32_t class_of(const DecisionSeen& seen);
  /// Nothing: the address cannot be read.
  [[nodiscard]] std::optional<std::uint32_t> judge(const DecisionSeen& seen, std::uint32_t of_class);
  [[nodiscard]] std::int32_t row_of(Turn turn, std::uint32_t of_class, const std::string& host,
                                    const std::string& because);
  void tally(Row& row, const DecisionSeen& seen, const Asker& asker, const Answer& answer);
};

std::uint32_t Replay::State::class_of(const DecisionSeen& seen) {
  rules::Presence presence;
  const auto address = names::IpAddress::parse(breaches::plain_text(seen.device));
  if (address) presence.address = *address;
  presence.device.kind = breaches::plain_text(seen.kind);
  presence.device.by_name_only = seen.by_name_only;
  if (!seen.person.empty()) {
    presence.person.emplace();
    presence.person->user = breaches::plain_text(seen.person);
    presence.person->groups = breaches::group_names(seen.groups);
  }
  const rules::Subject was = in_force.policy->subject_for(presence.address, &presence);
  const rules::Subject becomes = proposed.policy->subject_for(presence.address, &presence);
  const Class one{was.group, becomes.group, seen.by_name_only};
  const auto [place, is_new] = class_ids.try_emplace(one, std::uint32_t(classes.size()));
  if (is_new) classes.push_back(one);
  return place->second;
}

const Replay::State::Asker& Replay::State::asker_of(const DecisionSeen& seen) {
  key.assign(seen.device).append("\n").append(seen.person).append("\n").append(seen.groups).append("\n");
  key.append(seen.kind).append(seen.by_name_only ? "!" : "");
  if (const auto found = askers.find(std::string_view(key)); found != askers.end()) return found->second;
  if (askers.size() >= kMostAskers) askers.clear();
  Asker asker{class_of(seen), hasher({1, 1}, seen.device).a, 0};
  if (!seen.person.empty()) asker.person = hasher({2, 2}, seen.person).a;
  return askers.emplace(key, asker).first->second;
}

std::int32_t Replay::State::row_of(Turn turn, std::uint32_t of_class, const std::string& host,
                                   const std::string& because) {
  const Class& one = classes[of_class];
  // Devices that are never opened are not shown apart: the row is of a group.
  const std::uint32_t groups = std::uint32_t(one.was) << 16 | one.becomes;
  const auto [place, is_new] = row_ids.try_emplace({turn, groups, host}, std::int32_t(rows.size()));
  if (!is_new) return place->second;
  if (rows.size() >= kMostRows) {
    row_ids.erase(place);
    return kNoRow;
  }
  Row row;
  row.shown.turn = turn;
  row.shown.host = host;
  row.shown.group = in_force.policy->group_id(one.was);
  if (const auto next = proposed.policy->group_id(one.becomes); next != row.shown.group) row.shown.new_group = next;
  row.shown.because = because;
  rows.push_back(std::move(row));
  return place->second;
}

std::optional<std::uint32_t> Replay::State::judge(const DecisionSeen& seen, std::uint32_t of_class) {
  const std::string text = breaches::plain_text(seen.url), method = breaches::plain_text(seen.method);
  auto url = names::Url::parse(text);
  if (!url) return std::nullopt;
  const auto host = names::Host::parse(url->host());
  if (!host) return std::nullopt;
  Question question;
  const bool name_only = seen.stage == "connect" || seen.stage == "client_hello";
  if (name_only || seen.inspected)
    question.name.emplace(rules::Request::of_host(*host, url->port(), name_only ? method : "CONNECT"));
  if (seen.stage == "client_hello") question.name_stage = rules::Stage::client_hello;
  if (!name_only) {
    question.whole.emplace(rules::Request::of_url(std::move(*url), method));
    if (!seen.page.empty()) question.whole->comes_from({.host = breaches::plain_text(seen.page), .a_page = true});
  }
  const Class& one = classes[of_class];
  const rules::Subject was_asker{.address = {}, .user = {}, .group = one.was, .by_name_only = one.by_name_only};
  const rules::Subject next_asker{.address = {}, .user = {}, .group = one.becomes, .by_name_only = one.by_name_only};
  const Outcome was = outcome_of(in_force, was_asker, question, seen.time);
  const Outcome next = outcome_of(proposed, next_asker, question, seen.time);

  Answer answer{.was = was.action, .becomes = next.action};
  answer.inside_opened = next.inside_decides && !was.decrypted;
  answer.allowance =
      was.verdict.allowance_minutes != next.verdict.allowance_minutes ||
      (was.verdict.allowance_minutes != 0 && in_force.policy->categories()[was.verdict.allowance_category].id !=
                                                 proposed.policy->categories()[next.verdict.allowance_category].id);
  const bool shown = may_be_shown(*in_force.policy, was.verdict) && may_be_shown(*proposed.policy, next.verdict);
  const std::string name = shown ? host->text() : std::string(kSealed);
  int at = 0;
  const auto put = [&](Turn turn, const std::string& because) {
    answer.turns[at] = std::int8_t(turn);
    answer.rows[at++] = row_of(turn, of_class, name, because);
  };
  if (const auto turn = turn_of(was.action, next.action)) {
    const bool milder = *turn == Turn::open || *turn == Turn::unrecorded;
    const std::string now = evidence(*proposed.policy, next.verdict);
    put(*turn, milder && next.verdict.reason.rule < 0 ? "no longer " + evidence(*in_force.policy, was.verdict) : now);
  }
  if (was.decrypted != next.decrypted)
    put(next.decrypted ? Turn::tls_opened : Turn::tls_left, std::string(rules::to_string(next.verdict.inspect_reason)));
  const auto [place, is_new] = answer_ids.try_emplace(answer, std::uint32_t(answers.size()));
  if (is_new) answers.push_back(answer);
  return place->second;
}

void Replay::State::tally(Row& row, const DecisionSeen& seen, const Asker& asker, const Answer& answer) {
  ++row.shown.decisions;
  const auto count = [&](std::unordered_set<std::uint64_t>& counts, std::uint64_t one) {
    if (one == 0 || counts.contains(one)) return;
    if (counted == kMostCounted) {
      sums.counts_are_least = true;
      return;
    }
    counts.insert(one);
    ++counted;
  };
  count(row.devices, asker.device);
  count(row.people, asker.person);
  auto& first = row.shown.first;
  if (first.size() == kExamples && first.back().time <= seen.time) return;
  ReplayExample example{.time = seen.time,
                        .url = row.shown.host == kSealed ? std::string(kSealed) : breaches::plain_text(seen.url),
                        .was = std::string(rules::to_string(answer.was)),
                        .becomes = std::string(rules::to_string(answer.becomes))};
  // Of one address one example: many alike tell nothing.
  const auto same = std::ranges::find(first, example.url, &ReplayExample::url);
  if (same != first.end()) {
    if (same->time <= example.time) return;
    first.erase(same);
  }
  const auto before = std::ranges::upper_bound(first, example.time, {}, &ReplayExample::time);
  first.insert(before, std::move(example));
  if (first.size() > kExamples) first.pop_back();
}

void Replay::State::add(const DecisionSeen& seen) {
  if (seen.time < since || seen.time >= until) return;
  const bool by_policy =
      seen.action == "allow" || seen.action == "block" || seen.action == "warn" || seen.action == "monitor";
  const bool by_itself = seen.rule == "sign-in" || seen.rule == "captive-probe";
  if (!by_policy || by_itself || seen.confidence == "selftest") {
    ++sums.not_policy;
    return;
  }
  ++sums.decisions;
  if (seen.host == kSealed || seen.url.empty()) {
    ++sums.unknown.withheld;
    return;
  }
  if (!seen.has_kind || seen.groups_cut) {
    ++(seen.has_kind ? sums.unknown.groups_cut : sums.unknown.without_fields);
    return;
  }
  const Asker asker = asker_of(seen);
  const bool name_only = seen.stage == "connect" || seen.stage == "client_hello";
  sums.by_name += name_only;
  const std::uint64_t how = std::uint64_t(seen.stage == "connect") | std::uint64_t(seen.stage == "client_hello") << 1 |
                            std::uint64_t(seen.inspected) << 2;
  QuestionHash hash = hasher({asker.of_class, how}, seen.url);
  hash = hasher(hash, std::uint64_t(states.at(seen.time)));
  if (!seen.page.empty()) hash = hasher(hash, seen.page);
  std::uint32_t number = cache.find(hash);
  if (number == AnswerCache::kUnknown) {
    const auto judged = judge(seen, asker.of_class);
    if (!judged) {
      --sums.decisions;
      sums.by_name -= name_only;
      ++sums.unreadable;
      return;
    }
    number = *judged;
    cache.put(hash, number);
    ++sums.distinct;
  }
  ++sums.judged;
  sums.unknown.query += seen.query;
  const Answer& answer = answers[number];
  const bool was_refused = seen.action == "block" || (seen.action == "warn" && answer.was == Action::block);
  const bool is_download = seen.stage == "response" && was_refused && answer.was < Action::warn;
  sums.unknown.download += is_download;
  if (!is_download && was_refused != (answer.was == Action::block)) ++sums.otherwise;
  sums.unknown.inside_opened += answer.inside_opened;
  sums.unknown.allowance += answer.allowance;
  for (int i = 0; i < 2 && answer.turns[i] >= 0; ++i) {
    ++sums.turns[std::size_t(answer.turns[i])];
    if (answer.rows[i] == kNoRow)
      ++sums.more_rows;
    else
      tally(rows[std::size_t(answer.rows[i])], seen, asker, answer);
  }
}

Replay::Replay(ReplayedPolicy in_force, ReplayedPolicy proposed, const rules::SiteClock& clock, TimePoint since,
               TimePoint until)
    : state_(new State{.in_force = in_force,
                       .proposed = proposed,
                       .since = since,
                       .until = until,
                       .states = StatesOfTime(clock, since, until, {in_force.spec, proposed.spec})}) {}
Replay::~Replay() = default;

void Replay::add_line(std::string_view line) {
  ++state_->sums.lines;
  DecisionSeen seen;
  if (breaches::read_decision_line(line, seen))
    state_->add(seen);
  else
    ++state_->sums.unreadable;
}

void Replay::add(const DecisionSeen& seen) {
  ++state_->sums.lines;
  state_->add(seen);
}

std::uint64_t Replay::lines() const noexcept { return state_->sums.lines; }

ReplayResult Replay::result() const {
  ReplayResult result = state_->sums;
  for (const State::Row& row : state_->rows) {
    if (row.shown.decisions == 0) continue;
    result.rows.push_back(row.shown);
    result.rows.back().devices = row.devices.size();
    result.rows.back().people = row.people.size();
  }
  std::ranges::sort(result.rows, [](const ReplayRow& a, const ReplayRow& b) {
    return std::tie(a.turn, b.decisions, a.host, a.group, a.new_group) <
           std::tie(b.turn, a.decisions, b.host, b.group, b.new_group);
  });
  return result;
}

}  // namespace schoolgate::changes
