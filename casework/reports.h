// Numbers for people: trends, repeat subjects, how quickly and how rightly the school reacted, what governors see, and
// what an inspector asks for.
//
// Over a DeskStore, on its thread; reads the daily sums (sums.h), so a term costs milliseconds. Days and hours are the
// site's. Governors see no names, and no number that is about fewer than three people (small_numbers.h).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/local_time.h"
#include "casework/desk_store.h"
#include "casework/incidents.h"
#include "casework/page_reports.h"
#include "casework/small_numbers.h"

namespace schoolgate::casework {

/// Local days, both included.
struct DayRange {
  std::chrono::sys_days from, to;
};

struct NamedCount {
  std::string name;
  std::uint64_t attempts = 0, episodes = 0;
};

struct Trends {
  std::uint64_t decisions = 0, attempts = 0, blocked = 0, warned = 0, monitored = 0, episodes = 0;
  std::vector<NamedCount> themes, groups;  ///< most attempts first
  struct Week {
    std::chrono::sys_days monday;
    std::uint64_t decisions = 0, attempts = 0, episodes = 0;
  };
  std::vector<Week> weeks;                                                      ///< in order, none left out
  std::array<std::uint64_t, 24> hours{};                                        ///< attempts by hour of the day
  std::array<std::uint64_t, 7> weekdays{};                                      ///< Monday first
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> theme_weeks;  ///< attempts by theme and week
};

struct RepeatSubject {
  std::string person, device;  ///< person empty: only the device is known (or it is withheld)
  std::string group;
  std::uint64_t episodes = 0, attempts = 0;
  int highest_urgency = 1;
  std::vector<std::string> themes;
  TimePoint last;
};

struct Reaction {
  std::uint64_t episodes = 0;  ///< of urgency 3 and above
  std::uint64_t acknowledged = 0;
  std::optional<std::chrono::milliseconds> median, ninetieth, longest;  ///< from the first attempt
  std::uint64_t urgent_waiting = 0;                                     ///< urgency 4 and 5 that are not acknowledged
  std::uint64_t assessed = 0, false_positives = 0, concerns = 0, curriculum = 0, accidental = 0, background = 0;
  /// false positives of what was assessed, in percent; nullopt when nothing was
  [[nodiscard]] std::optional<double> false_positive_rate() const;
};

/// What of an episode counts for the reaction.
struct ReactionRow {
  std::string who;  ///< "person …" or "device …"
  TimePoint first;
  int urgency = 1;
  std::optional<TimePoint> acknowledged;
  Assessment assessment = Assessment::none;
};
[[nodiscard]] Reaction reaction_of(const std::vector<ReactionRow>& rows);

struct ReportTurnaround {
  std::uint64_t received = 0, handled = 0, waiting = 0, changed = 0, declined = 0;
  std::optional<std::chrono::milliseconds> median, longest;
};

struct IncidentCounts {
  std::uint64_t opened = 0, closed = 0, open_now = 0, reviews_overdue = 0, held = 0;
  std::vector<std::pair<std::string, std::uint64_t>> referrals;  ///< action kind and how many
};

/// Trends without what is about fewer than three people (small_numbers.h).
struct GovernorTrends {
  std::uint64_t decisions = 0;
  ShownNumber attempts, blocked, episodes;
  std::vector<NamedCount> themes, groups;  ///< the small ones in one row, "others, together"; empty: too few people
  struct Week {
    std::chrono::sys_days monday;
    std::uint64_t decisions = 0;
    ShownNumber attempts, episodes;
  };
  std::vector<Week> weeks;
  std::array<ShownNumber, 24> hours{};
  std::array<ShownNumber, 7> weekdays{};
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> theme_weeks;  ///< only what may be drawn
};

struct GovernorReaction {
  ShownNumber episodes, acknowledged, urgent_waiting;
  std::optional<std::chrono::milliseconds> median, ninetieth, longest;
  ShownNumber assessed, false_positives, concerns, curriculum, accidental, background;
  std::optional<double> false_positive_rate;  ///< nullopt: nothing was assessed, or it is not shown
};

/// Every number of it about pupils is about none or about three and more of them, and so is what follows from several.
struct GovernorReport {
  DayRange range;
  GovernorTrends trends;
  ShownNumber people, repeat_people;
  ShownNumber incidents_opened, incidents_closed;
  std::vector<std::pair<std::string, ShownNumber>> referrals;
  GovernorReaction reaction;
  ReportTurnaround page_reports;
  std::uint64_t checks = 0, checks_as_expected = 0;
  std::optional<TimePoint> last_check;
};

/// What the desk cannot know and is handed in.
struct InspectionFacts {
  std::string school, gateway, policy_version;
  std::vector<std::pair<std::string, std::string>> policy = {};  ///< group; what it may reach, in words
  std::vector<std::pair<std::string, std::string>> approvals;    ///< rule or change; by whom and when
  std::vector<std::pair<std::string, std::string>> lists;        ///< name; age, entries, licence
  std::vector<std::string> cannot_see;                           ///< what this installation cannot see
};
struct InspectionPack {
  InspectionFacts facts;
  GovernorReport numbers;
  std::vector<std::string> checks;   ///< one line each
  std::vector<std::string> changes;  ///< of the audit log: when, what, by whom
  std::vector<std::string> measures;
  std::vector<std::string> deletions;
};
[[nodiscard]] std::string to_text(const InspectionPack& pack);
[[nodiscard]] std::string to_json(const InspectionPack& pack);

class Reports {
 public:
  /// Reads breaches.db beside the desk's folder.
  [[nodiscard]] static Result<Reports> open(DeskStore& desk, LocalClock clock);

  [[nodiscard]] Result<Trends> trends(DayRange range);
  /// Those with at least `least` episodes, most first. Technicians get devices only; governors nothing.
  [[nodiscard]] Result<std::vector<RepeatSubject>> repeat_subjects(const Viewer& viewer, DayRange range,
                                                                   std::uint64_t least = 2, std::size_t limit = 50);
  [[nodiscard]] Result<Reaction> reaction(DayRange range);
  [[nodiscard]] Result<ReportTurnaround> page_reports(DayRange range);
  [[nodiscard]] Result<IncidentCounts> incidents(DayRange range, TimePoint now);
  [[nodiscard]] Result<GovernorReport> governors(DayRange range, TimePoint now);
  [[nodiscard]] Result<InspectionPack> inspection_pack(const InspectionFacts& facts, DayRange range, TimePoint now);

 private:
  [[nodiscard]] Result<std::vector<ReactionRow>> reaction_rows(DayRange range);
  [[nodiscard]] Result<void> set_people(GovernorReport& report, const Trends& trends, std::int64_t since,
                                        std::int64_t until);
  [[nodiscard]] Result<void> set_incidents(GovernorReport& report, DayRange range, TimePoint now);
  Reports(DeskStore& desk, store::Database breaches, LocalClock clock);
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> instants(DayRange range) const;
  DeskStore* desk_;
  store::Database breaches_;
  LocalClock clock_;
};

}  // namespace schoolgate::casework
