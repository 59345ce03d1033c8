// Episodes: one person's (or, when nobody is known, one device's) attempts at one theme with gaps under fifteen
// minutes.
//
// What the safeguarding lead is told about is an episode, never a request. The breach log's writer gives every record
// its episode; the table `episodes` holds each one's sums and is stored at most once a second, in the same transaction
// as records. After a crash the sums are made again from the records, which carry their episode's id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "breaches/breach.h"
#include "store/sqlite.h"
#include "store/state_key.h"

namespace schoolgate::breaches {

inline constexpr std::chrono::minutes kEpisodeGap{15};

struct Episode {
  std::string id;         ///< UUIDv7
  std::string reference;  ///< Uuid::reference() of it: what people read out
  std::string group, theme;
  std::string person;      ///< account; empty when only the device is known
  std::string device;      ///< address of the first attempt
  std::string confidence;  ///< the weakest of its records
  TimePoint first, last;
  std::uint64_t attempts = 0;
  std::uint64_t by_user = 0, by_page = 0;  ///< of them, as far as was seen
  std::uint64_t let_through = 0;           ///< of them, warned of or monitored
  int urgency = 1;                         ///< moved by how it came about (urgency.h)
  int category_urgency = 1;                ///< the highest of its records
  bool illegal = false;
  bool many_hosts = false;        ///< its device asked for many sites within a minute
  bool sealed = false;            ///< some of its sites are withheld
  std::string site_names;         ///< the first three that are not withheld, one a line
  std::size_t sites = 0;          ///< how many different sites; counts no further than 64
  std::uint64_t through_seq = 0;  ///< the record that changed it last
};

/// Gives records their episodes. Belongs to the writer's thread, together with its database.
class EpisodeTracker {
 public:
  /// Makes the table where absent, loads what is still open and adds the records stored after the last sums.
  [[nodiscard]] static Result<EpisodeTracker> open(store::Database& database, const store::StateKey& key);

  /// The id of the episode that `breach`, about to become record `seq`, belongs to. Valid until the next call.
  [[nodiscard]] std::string_view assign(const Breach& breach, std::uint64_t seq);

  /// The id of the episode that `breach` will belong to, begun where there is none; nothing is added to it.
  [[nodiscard]] std::string_view current(const Breach& breach);

  [[nodiscard]] bool has_changes() const noexcept { return !changed_.empty(); }
  /// Stores what changed since the last call; inside the caller's transaction.
  [[nodiscard]] bool store();
  /// Forgets the ended ones; the table keeps them. To be called now and then, after store().
  void forget_ended(TimePoint now);

 private:
  struct Open {
    Episode episode;
    std::string who;
    bool changed = false;
    std::vector<std::uint64_t> site_marks;
  };
  struct Attempt {                                                         ///< what of a record an episode is made of
    std::string_view who, person, device, confidence, group, theme, site;  ///< site: empty when withheld
    TimePoint time;
    int urgency = 1;
    bool illegal = false, let_through = false, sealed = false;
    Initiated initiated = Initiated::unknown;
    std::uint64_t site_mark = 0;
    std::uint64_t attempts = 1;  ///< of a sum, several
  };
  /// The different sites that a device asked for within the last minute.
  struct Burst {
    std::vector<std::pair<TimePoint, std::uint64_t>> sites;
  };

  EpisodeTracker(store::Database& database, const store::StateKey& key) : database_(&database), key_(&key) {}
  [[nodiscard]] Attempt attempt_of(const Breach& breach);
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> add_unsummed();
  void add(Open& open, const Attempt& attempt, std::uint64_t seq);
  [[nodiscard]] bool is_burst(const Attempt& attempt);
  [[nodiscard]] Open& find_or_begin(const Attempt& attempt, std::string_view id_or_empty);

  store::Database* database_;
  const store::StateKey* key_;
  store::Statement upsert_;
  std::unordered_map<std::string, Open> open_;     ///< by person or device, and theme
  std::vector<Open*> changed_;                     ///< nodes of open_, whose addresses are stable
  std::vector<Open> ended_;                        ///< superseded in open_ before they were stored
  std::unordered_map<std::string, Burst> bursts_;  ///< by device
  std::string lookup_, who_;
};

/// The columns of `episodes` in the order in which read_episode() takes them.
inline constexpr const char* kEpisodeColumns =
    "id, reference, grp, theme, person, device, confidence, first, last, attempts, by_user, by_page, let_through,"
    " urgency, category_urgency, illegal, many_hosts, sealed, site_names, sites, through_seq";
inline constexpr int kEpisodeColumnCount = 21;
[[nodiscard]] Episode read_episode(store::Statement& row);

/// Episodes that a record after `after_seq` changed, oldest change first, at most `limit`.
[[nodiscard]] Result<std::vector<Episode>> episodes_changed_since(store::Database& database, std::uint64_t after_seq,
                                                                  std::size_t limit);

[[nodiscard]] Result<std::optional<Episode>> episode_by_id(store::Database& database, std::string_view id);

/// The record that last changed any episode that was over before `before`; 0 when there is none.
[[nodiscard]] Result<std::uint64_t> episodes_ended_before(store::Database& database, TimePoint before);

}  // namespace schoolgate::breaches
