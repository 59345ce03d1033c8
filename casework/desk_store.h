// The decisions and texts of the people at the desk, in desk.db (0600) of the state folder, and the journal of every
// action and view.
//
// One DeskStore a thread: SQLite lets the connections wait for each other. Everything that is written or looked at
// leaves an entry in the journal, a hash-chained table as the breach log is (`verify_chain(folder / kDeskFile,
// folder)`), in the same transaction. The chain holds a keyed hash of a person's account; the account itself stands in
// an index beside it, which retention empties. Waits for the disk: never on a worker.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "casework/entries.h"
#include "casework/viewer.h"
#include "store/sqlite.h"
#include "store/state_key.h"

namespace schoolgate::casework {

inline constexpr const char* kDeskFile = "desk.db";

/// breaches.db for reading, with desk.db beside it as `desk`: for queries over both. Makes desk.db where absent.
[[nodiscard]] Result<store::Database> open_breaches_with_desk(const std::filesystem::path& state_folder);

struct JournalEntry {
  std::uint64_t seq = 0;
  TimePoint time;
  std::string by;      ///< account
  std::string what;    ///< "view", "acknowledge", "incident", "release", "delete", "report", "checklist", "measure", …
  std::string about;   ///< id or reference of an episode, incident, request; a page's name
  std::string person;  ///< whose record it was; empty when it is about no person, or erased
  std::string detail;  ///< one line for people; never an address of a site
};

struct JournalFilter {
  TimePoint since = TimePoint::min(), until = TimePoint::max();
  std::string what, by, about, person;  ///< empty: any
  std::size_t offset = 0, limit = 100;
};

/// What the desk thought of it: of an incident, or quickly of an episode.
enum class Assessment : std::uint8_t { none, concern, accidental, curriculum, background, false_positive };
[[nodiscard]] std::string_view to_string(Assessment assessment) noexcept;
[[nodiscard]] std::optional<Assessment> assessment_from(std::string_view text) noexcept;

/// What the latest entry that holds and that assesses says; `none` where no entry does.
[[nodiscard]] Assessment assessment_of(const std::vector<Entry>& entries);

/// How an entry is meant by its author.
struct Writing {
  std::string_view corrects;  ///< id of the entry that it corrects; empty: none
  std::optional<std::uint64_t>
      seen;  ///< version() of the record on the page that was written on; refused when it is old
};

class DeskStore {
 public:
  [[nodiscard]] static Result<std::unique_ptr<DeskStore>> open(const std::filesystem::path& state_folder);

  /// The viewer looked at `about` (an episode, an incident, an export), which is of `person`.
  [[nodiscard]] Result<void> record_view(const Viewer& viewer, std::string_view about, std::string_view person,
                                         TimePoint now);
  /// Any other action that has to be on record: an export, a letter drafted, a record handed over.
  [[nodiscard]] Result<void> note(const Viewer& viewer, std::string_view what, std::string_view about,
                                  std::string_view person, std::string_view detail, TimePoint now);
  /// Newest first.
  [[nodiscard]] Result<std::vector<JournalEntry>> journal(const JournalFilter& filter);

  /// Adds an entry to the episode; the first one stops the escalation. Fault client: the viewer may not, the note is
  /// not fit to be kept, or `writing.seen` is old (then changes_since() tells what came meanwhile).
  [[nodiscard]] Result<void> acknowledge(const Viewer& viewer, std::string_view episode, std::string_view person,
                                         TimePoint now, Assessment assessment = Assessment::none,
                                         std::string_view note = {}, const Writing& writing = {});
  /// An episode to be acknowledged beside others.
  struct Picked {
    std::string episode;  ///< id
    std::string person;   ///< account; empty: only a device is known
  };
  /// The same assessment and note to each that is not taken up yet, in one step; those that are stay as they are.
  /// Returns how many were acknowledged. Fault client: the viewer may not, the note is not fit to be kept, or none was
  /// left to acknowledge.
  [[nodiscard]] Result<std::size_t> acknowledge_all(const Viewer& viewer, const std::vector<Picked>& picked,
                                                    TimePoint now, Assessment assessment = Assessment::none,
                                                    std::string_view note = {});
  /// Oldest first.
  [[nodiscard]] Result<std::vector<Entry>> acknowledgements(std::string_view episode);

  /// A number that grows with everything that is written about a record: for pages, to notice that they are old.
  [[nodiscard]] Result<std::uint64_t> version(std::string_view about);
  /// What was written about a record after that version, oldest first; without views.
  [[nodiscard]] Result<std::vector<JournalEntry>> changes_since(std::string_view about, std::uint64_t seen);
  /// Inside change(): fault client when `seen` is given and older than the record.
  [[nodiscard]] Result<void> must_be_current(std::string_view about, const std::optional<std::uint64_t>& seen);

  /// Acknowledged, or part of an incident.
  [[nodiscard]] Result<bool> is_taken_up(std::string_view episode);

  /// The weekly canary: its mail's link leads to a confirmation. False: no such token, or an old one.
  [[nodiscard]] Result<bool> confirm_canary(std::string_view token, std::string_view by, TimePoint now);
  struct Canary {
    std::string token;
    TimePoint sent;
    std::optional<TimePoint> confirmed;
    std::string confirmed_by;
    bool alarmed = false;
  };
  [[nodiscard]] Result<std::optional<Canary>> last_canary();
  [[nodiscard]] Result<void> begin_canary(std::string_view token, TimePoint now);
  [[nodiscard]] Result<void> set_canary_alarmed(std::string_view token);

  // For the parts of the desk (incidents.h and so on), which are made over a store:

  /// Runs `work` in one durable transaction; rolled back when it returns an error.
  [[nodiscard]] Result<void> change(const std::function<Result<void>()>& work);
  /// Inside change().
  [[nodiscard]] Result<void> write_journal(JournalEntry entry);
  [[nodiscard]] store::Database& database() noexcept { return database_; }
  [[nodiscard]] const store::StateKey& key() const noexcept { return key_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  DeskStore(store::Database database, store::StateKey key, std::filesystem::path folder);
  /// Inside change().
  [[nodiscard]] Result<void> add_acknowledgement(const Viewer& viewer, const Picked& picked, TimePoint now,
                                                 Assessment assessment, std::string note, std::string_view corrects);
  std::filesystem::path folder_;
  store::StateKey key_;
  store::Database database_;
};

}  // namespace schoolgate::casework
