// Episodes as the desk shows them: a filtered page of rows, and one episode with all that is known of it.
//
// Reads breaches.db, desk.db and the decision log beside the running gateway; writes nothing (the journal of views is
// DeskStore's). One EpisodeReader a thread. What a viewer may not see is left out here by the table of visibility.h,
// not by the page: an episode about the viewer does not exist for them, a technician gets no person.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "breaches/decision_search.h"
#include "breaches/urgency.h"
#include "casework/entries.h"
#include "casework/length_of_time.h"
#include "casework/viewer.h"
#include "store/sqlite.h"

namespace schoolgate::casework {

enum class EpisodeState : std::uint8_t { fresh, acknowledged, incident };  ///< "new", "acknowledged", "incident"
[[nodiscard]] std::string_view to_string(EpisodeState state) noexcept;
[[nodiscard]] std::optional<EpisodeState> episode_state_from(std::string_view text) noexcept;

enum class EpisodeOrder : std::uint8_t { newest, most_urgent };

struct EpisodeFilter {
  TimePoint since = TimePoint::min(), until = TimePoint::max();  ///< of the last attempt; `until` not included
  std::string theme, group, person, device;                      ///< empty: any
  bool without_theme = false;                                    ///< only those of no theme: unlisted sites
  int urgency_from = 1, urgency_to = 5;
  std::optional<EpisodeState> state;
  bool only_many_hosts = false;  ///< suspected malware
  EpisodeOrder order = EpisodeOrder::newest;
  std::size_t offset = 0, limit = 50;  ///< limit at most 500
};

struct EpisodeRow {
  std::string id, reference;
  std::string person;  ///< account; empty when unknown or withheld from this viewer
  bool person_withheld = false;
  std::string device;      ///< address
  std::string confidence;  ///< the weakest of its records: login, class, device, network, unknown
  std::string group, theme;
  TimePoint first, last;
  std::uint64_t attempts = 0, by_user = 0, by_page = 0;
  std::uint64_t let_through = 0;        ///< of them warned of or monitored, not blocked
  std::size_t sites = 0;                ///< counts no further than 64
  std::vector<std::string> site_names;  ///< the first three, defanged; none when illegal or sealed
  int urgency = 1, category_urgency = 1;
  bool illegal = false, many_hosts = false;
  EpisodeState state = EpisodeState::fresh;
  std::string acknowledged_by;
  std::optional<TimePoint> acknowledged_at;
  std::string incident;  ///< reference of the incident, when there is one
};

struct EpisodePage {
  std::vector<EpisodeRow> rows;
  std::uint64_t total = 0;  ///< that match, on all pages
};

/// One attempt as the record says.
struct EpisodeRecord {
  std::string id;
  std::uint64_t seq = 0;
  TimePoint time;
  std::string action, category, site, url, search;  ///< site and url defanged, or "sealed"
  std::string method, stage, initiated, device, confidence;
  std::string tier, list, rule, entry, source, policy_version;  ///< the reason
  bool sealed = false;
  std::uint64_t attempts = 1, addresses = 1;  ///< several: a sum of the same minute
};

struct SiteCount {
  std::string site;  ///< defanged, or "sealed"
  std::uint64_t attempts = 0;
  TimePoint first, last;
};

struct EpisodeDetail {
  EpisodeRow row;
  breaches::Urgency urgency;  ///< level and its reasons
  LengthOfTime length;
  std::string initiated;                ///< "4 typed or clicked, 1 loaded by a page, 2 unknown"
  std::vector<SiteCount> sites;         ///< those of fewest attempts first, at most 10,000
  std::vector<std::string> categories;  ///< ids
  std::vector<EpisodeRecord> records;   ///< at most 500, those of the rarest sites; oldest first
  std::uint64_t records_total = 0;      ///< records, of which each may stand for several attempts
  std::vector<Entry> entries;           ///< acknowledgements, assessments and notes, oldest first
};

/// What the same person or device did in the minutes around it.
struct ContextLine {
  TimePoint time;
  std::string host, action, category, search;  ///< host defanged
  std::uint64_t times = 1;                     ///< requests in a row to the same host with the same answer
  bool of_episode = false;                     ///< while the episode lasted, refused, warned of or monitored
};
struct EpisodeContext {
  bool kept = false;       ///< false: no decision log covers that time
  bool cut_short = false;  ///< more than could be read or shown
  std::vector<ContextLine> lines;
  std::uint64_t withheld = 0;  ///< sealed ones
};

class EpisodeReader {
 public:
  struct Options {
    std::filesystem::path folder;     ///< the state folder
    std::filesystem::path decisions;  ///< `decisions:` of the settings; empty: none are kept
  };
  /// Fault host: no breach log here.
  [[nodiscard]] static Result<EpisodeReader> open(Options options);

  [[nodiscard]] Result<EpisodePage> list(const Viewer& viewer, const EpisodeFilter& filter);
  /// By id or reference; nullopt when there is none that this viewer may see.
  [[nodiscard]] Result<std::optional<EpisodeDetail>> find(const Viewer& viewer, std::string_view id_or_reference);
  /// The row alone, cheaply.
  [[nodiscard]] Result<std::optional<EpisodeRow>> find_row(const Viewer& viewer, std::string_view id_or_reference);
  /// Whose episode it is, also where its row withholds it: for the journal of views, never for a page.
  [[nodiscard]] Result<std::string> whose(std::string_view id);
  /// `around` before the first and after the last attempt. Visits to support sites are never in it.
  [[nodiscard]] Result<EpisodeContext> context(const Viewer& viewer, const EpisodeRow& row,
                                               std::chrono::minutes around = std::chrono::minutes(10));
  /// Groups, themes that occur: for the filter's fields.
  struct Choices {
    std::vector<std::string> groups, themes;
  };
  [[nodiscard]] Result<Choices> choices(const Viewer& viewer);

 private:
  EpisodeReader(store::Database database, Options options);
  class Members;
  [[nodiscard]] Result<Members> members_of(const EpisodeRow& row);
  [[nodiscard]] Result<std::vector<EpisodeRecord>> records_of_rare_sites(
      std::vector<std::pair<const SiteCount*, std::uint64_t>> all);
  [[nodiscard]] Result<std::vector<EpisodeRow>> rows(const Viewer& viewer, store::Statement& query);
  [[nodiscard]] Result<LengthOfTime> length_of(const EpisodeRow& row, const std::vector<EpisodeRecord>& records,
                                               std::string_view person);
  store::Database database_;
  breaches::DecisionFiles decisions_;
};

}  // namespace schoolgate::casework
