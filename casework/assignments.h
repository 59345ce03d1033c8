// Who does what by when: an episode that a colleague has taken, and what an incident still asks for.
//
// Over a DeskStore, on its thread. Each taking, giving and finishing is a dated entry (entries.h) and in the journal:
// the latest says who has it now. Only those who lead safeguarding have or give work, and nobody has what is about
// themselves. Whoever shows the work asks EpisodeReader and Incidents for what the viewer may see of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"
#include "casework/incidents.h"

namespace schoolgate::casework {

/// Somebody of the desk who may be given work.
struct Colleague {
  std::string user;
  Role role = Role::technician;
};

/// By whom, and until when.
struct Assigned {
  Colleague owner;
  std::chrono::sys_days due;
  std::chrono::sys_days today;  ///< of the site: work is not due before it is given
};

struct Work {
  std::string about;     ///< id of the episode, or of what is to be done
  std::string incident;  ///< id; empty: an episode
  std::string what;      ///< what is to be done; empty: an episode
  std::string owner;
  std::chrono::sys_days due;
  std::string given_by;
  TimePoint given_at;
  std::string done_by, done_how;  ///< of what was done
  std::optional<TimePoint> done_at;
};

class Assignments {
 public:
  explicit Assignments(DeskStore& desk) : desk_(desk) {}

  /// An episode of `person` (empty: only a device is known). Fault client: the viewer or the owner may not, the day
  /// does not fit, or `seen` is old (DeskStore::version of the episode).
  [[nodiscard]] Result<void> take(const Viewer& viewer, std::string_view episode, std::string_view person,
                                  const Assigned& assigned, TimePoint now, std::optional<std::uint64_t> seen = {});
  /// Nobody has it any more. Fault client: nobody had it, or `seen` is old.
  [[nodiscard]] Result<void> put_down(const Viewer& viewer, std::string_view episode, std::string_view person,
                                      TimePoint now, std::optional<std::uint64_t> seen = {});
  /// Who has the episode; nullopt: nobody, or it was acknowledged or became part of an incident since.
  [[nodiscard]] Result<std::optional<Work>> of_episode(std::string_view episode);

  // `incident` as Incidents::find() gave it to this viewer; fault client where it is closed.
  [[nodiscard]] Result<void> add_to_do(const Viewer& viewer, const Incident& incident, std::string_view what,
                                       const Assigned& assigned, TimePoint now);
  [[nodiscard]] Result<void> give(const Viewer& viewer, const Incident& incident, std::string_view to_do,
                                  const Assigned& assigned, TimePoint now);
  /// Fault client: there is no such thing to do, or it is done.
  [[nodiscard]] Result<void> finish(const Viewer& viewer, const Incident& incident, std::string_view to_do,
                                    std::string_view how, TimePoint now);
  /// Done or not, oldest first.
  [[nodiscard]] Result<std::vector<Work>> of_incident(std::string_view incident);

  /// All that is not done, what is due first first; at most `limit`.
  [[nodiscard]] Result<std::vector<Work>> open(std::size_t limit = 1000);

 private:
  [[nodiscard]] Result<void> enter(const Viewer& viewer, std::string_view about, std::string_view field,
                                   const Assigned& assigned, std::string_view person, TimePoint now);
  [[nodiscard]] Result<void> journal(const Viewer& viewer, const Incident& incident, std::string detail, TimePoint now);
  DeskStore& desk_;
};

}  // namespace schoolgate::casework
