// Incidents: what the school did about one or more episodes, or about what was told without one.
//
// Over a DeskStore, on its thread. What people write is only ever added to: a new assessment, lesson or hold stands
// beside the earlier ones as an Entry of its author, and every change is in the journal of each subject. A subject of
// an incident does not see it, and only those who lead safeguarding see any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

enum class SubjectRole : std::uint8_t { child, bystander, alleged, staff };
[[nodiscard]] std::string_view to_string(SubjectRole role) noexcept;
[[nodiscard]] std::optional<SubjectRole> subject_role_from(std::string_view text) noexcept;

enum class ActionKind : std::uint8_t {
  spoke_to_child,
  parent_informed,
  police,
  iwf,
  ceop,
  prevent,
  lado,
  local_authority,
  social_care,
  device_secured,
  blocked_for_all,
  other
};
[[nodiscard]] std::string_view to_string(ActionKind kind) noexcept;     ///< "spoke-to-child"
[[nodiscard]] std::string_view action_title(ActionKind kind) noexcept;  ///< "Spoke to the child"
[[nodiscard]] std::optional<ActionKind> action_kind_from(std::string_view text) noexcept;

struct IncidentSubject {
  std::string person;  ///< account, or a name when there is no account
  SubjectRole role = SubjectRole::child;
  std::string year_group;
  bool vulnerable = false;
};

struct IncidentAction {
  std::string id;
  ActionKind kind = ActionKind::other;
  std::string date;       ///< "2026-11-23": when it was done
  std::string who;        ///< the author, or the person who was told
  std::string how;        ///< "telephone", "meeting"; what was done, for `other`
  std::string reference;  ///< of the agency
  std::string recorded_by;
  TimePoint recorded_at;
  std::string struck_by, struck_why;  ///< recorded by mistake: shown struck through, never removed
  std::optional<TimePoint> struck_at;
};
/// Between which days an action can have been done: "2026-11-23"; empty: no bound.
struct ActionDays {
  std::string first;  ///< of the incident's first episode
  std::string today;
};

struct IncidentNote {
  std::string by, text;
  TimePoint at;
};

struct Incident {
  std::string id, reference, title;
  std::string opened_by;
  TimePoint opened;
  std::vector<std::string> episodes;  ///< ids
  std::vector<IncidentSubject> subjects;
  Assessment assessment = Assessment::none;
  std::string assessment_reason, assessed_by;
  std::optional<TimePoint> assessed_at;
  std::vector<IncidentAction> actions;
  std::vector<IncidentNote> notes;
  std::string lessons, policy_change;  ///< what was learned; the rule or policy version that came of it
  std::string case_reference;          ///< CPOMS or another case system's
  std::string review_by;               ///< "2026-12-07"; empty: none
  bool hold = false;                   ///< legal hold: nothing of it is removed, no letter is drafted
  std::string hold_reason, hold_by;
  std::optional<TimePoint> closed;
  std::string closed_by, outcome;
  std::vector<Entry> history;  ///< all that was written in fields, oldest first; the fields above hold the latest
};

struct IncidentRow {
  std::string id, reference, title, review_by, case_reference;
  TimePoint opened;
  std::optional<TimePoint> closed;
  Assessment assessment = Assessment::none;
  bool hold = false;
  std::vector<std::string> people;
  std::size_t episodes = 0;
};

struct IncidentFilter {
  std::optional<bool> open;  ///< true: not closed
  std::string person;        ///< of a subject
  std::string review_due;    ///< a day: those whose review is due by then
  std::size_t offset = 0, limit = 50;
};

class Incidents {
 public:
  /// `seen`: the version of the record (DeskStore::version of its reference) on the page that is written on. A change
  /// on an older page is refused.
  explicit Incidents(DeskStore& desk, std::optional<std::uint64_t> seen = std::nullopt) : desk_(desk), seen_(seen) {}

  /// Fault client where the viewer may not or a text is not fit to be kept. Returns the id.
  struct Opening {
    std::string title;
    std::vector<std::string> episodes;  ///< ids; may be none
    std::vector<IncidentSubject> subjects;
  };
  [[nodiscard]] Result<std::string> open(const Viewer& viewer, const Opening& opening, TimePoint now);
  [[nodiscard]] Result<std::optional<Incident>> find(const Viewer& viewer, std::string_view id_or_reference);
  [[nodiscard]] Result<std::vector<IncidentRow>> list(const Viewer& viewer, const IncidentFilter& filter);

  // Each takes the id; fault client: no such incident for this viewer, closed, or unfit text.
  [[nodiscard]] Result<void> add_episode(const Viewer& viewer, std::string_view id, std::string_view episode,
                                         TimePoint now);
  [[nodiscard]] Result<void> set_subject(const Viewer& viewer, std::string_view id, const IncidentSubject& subject,
                                         TimePoint now);
  [[nodiscard]] Result<void> remove_subject(const Viewer& viewer, std::string_view id, std::string_view person,
                                            TimePoint now);
  [[nodiscard]] Result<void> assess(const Viewer& viewer, std::string_view id, Assessment assessment,
                                    std::string_view reason, TimePoint now);
  [[nodiscard]] Result<void> add_action(const Viewer& viewer, std::string_view id, const IncidentAction& action,
                                        TimePoint now, const ActionDays& days = {});
  /// The action stays, struck through, with the reason and its author.
  [[nodiscard]] Result<void> strike_action(const Viewer& viewer, std::string_view id, std::string_view action,
                                           std::string_view why, TimePoint now);
  [[nodiscard]] Result<void> add_note(const Viewer& viewer, std::string_view id, std::string_view text, TimePoint now);
  [[nodiscard]] Result<void> set_lessons(const Viewer& viewer, std::string_view id, std::string_view lessons,
                                         std::string_view policy_change, TimePoint now);
  [[nodiscard]] Result<void> set_case_reference(const Viewer& viewer, std::string_view id, std::string_view reference,
                                                TimePoint now);
  /// `day` "2026-12-07", or empty for none.
  [[nodiscard]] Result<void> set_review(const Viewer& viewer, std::string_view id, std::string_view day, TimePoint now);
  [[nodiscard]] Result<void> set_hold(const Viewer& viewer, std::string_view id, bool hold, std::string_view reason,
                                      TimePoint now);
  /// Needs an assessment and an outcome.
  [[nodiscard]] Result<void> close(const Viewer& viewer, std::string_view id, std::string_view outcome, TimePoint now);
  [[nodiscard]] Result<void> reopen(const Viewer& viewer, std::string_view id, std::string_view why, TimePoint now);

 private:
  [[nodiscard]] Result<void> edit(const Viewer& viewer, std::string_view id, TimePoint now, std::string detail,
                                  const std::function<Result<void>(const Incident&)>& work);
  [[nodiscard]] Result<void> journal(const Viewer& viewer, std::string_view reference,
                                     const std::vector<IncidentSubject>& subjects, std::string detail, TimePoint now);
  /// Inside edit(): what was written in `field` stays beside what is written later.
  [[nodiscard]] Result<void> enter(const Viewer& viewer, std::string_view id, std::string_view field,
                                   std::string_view choice, std::string_view text, TimePoint now,
                                   std::string_view person = {});
  [[nodiscard]] Result<void> keep_subject(const Viewer& viewer, std::string_view id, const IncidentSubject& subject,
                                          TimePoint now);
  DeskStore& desk_;
  std::optional<std::uint64_t> seen_;
};

}  // namespace schoolgate::casework
