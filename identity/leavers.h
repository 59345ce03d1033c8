// People who have left: once a night the directory is asked about every person whose access it granted.
//
// A person who is gone from it or switched off in it loses the open rows of the register and is signed out. Where that
// would be most of the school, no row is closed: the directory's settings have changed, and the technician is told.
// Owned by IdentityService; begin() on the keeper's thread, the rest on a thread of Credentials, one question at a
// time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "identity/credentials.h"
#include "identity/people_database.h"

namespace schoolgate::identity {

/// Whether the directory is to be asked now: at night, between three and four by the site's clock, once; and by day
/// where a night was missed. `last`: when it was asked, or first could have been; nothing, or a time of the future, is
/// no night.
[[nodiscard]] bool is_walk_due(std::optional<TimePoint> last, TimePoint now, int local_minute) noexcept;

class Leavers {
 public:
  struct Parts {
    PeopleDatabase& people;
    Credentials& credentials;
    std::function<void(const std::string& user)> on_leaver;     ///< after the rows are closed: sign them out
    std::function<void(const std::string& text)> on_suspicion;  ///< no row was closed, and why
    std::function<TimePoint()> now;
  };
  explicit Leavers(Parts parts) : parts_(std::move(parts)) {}

  /// Asks of everybody with an open row that the directory granted. Does nothing while a walk is under way. The walk
  /// ends early when the directory falls silent: what it has found is acted upon, the rest waits for the next night.
  void begin();
  [[nodiscard]] bool under_way() const noexcept { return under_way_; }

 private:
  struct Leaver {
    std::string user, why;
  };
  void ask_next();
  void take(const std::string& user, Standing standing);
  void finish();

  Parts parts_;
  std::atomic<bool> under_way_{false};
  std::vector<std::string> waiting_;  ///< of the walk that is under way; the last is asked next
  std::size_t answered_ = 0;
  std::vector<Leaver> leavers_;
};

}  // namespace schoolgate::identity
