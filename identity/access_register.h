// The register of access in people.db: the written record of each person who was granted access, by whom, from when and
// until when. A row is closed with a reason and never changed back; only retention removes it.
//
// Made over a PeopleDatabase, with its threads and waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/people_database.h"
#include "identity/person_role.h"

namespace schoolgate::identity {

struct AccessGrant {
  std::int64_t id = 0;
  std::string user, name;
  PersonRole role = PersonRole::pupil;
  std::string group;       ///< several: with commas
  std::string granted_by;  ///< a person, or "directory", "sign-in page"
  TimePoint from{};
  std::optional<TimePoint> until, closed;
  std::string closed_why, closed_by;
  std::string note;  ///< a visitor's host and purpose
  [[nodiscard]] bool is_open(TimePoint now) const noexcept { return !closed && (!until || now < *until); }
};

class AccessRegister {
 public:
  explicit AccessRegister(PeopleDatabase& people) noexcept : people_(&people) {}

  /// Opens a row unless `grant.user` has an open one of the same role and group.
  [[nodiscard]] Result<void> note(const AccessGrant& grant, TimePoint now);
  [[nodiscard]] Result<void> close(std::string_view user, std::string_view why, std::string_view by, TimePoint now);
  /// Every row, oldest first; only those open at `now` when asked so.
  [[nodiscard]] Result<std::vector<AccessGrant>> rows(std::optional<TimePoint> open_at = {});
  /// Closes every row, an account's or a visitor's, whose time is over, and the visits. Returns the users whose access
  /// ended.
  [[nodiscard]] Result<std::vector<std::string>> close_run_out(TimePoint now);

 private:
  PeopleDatabase* people_;
};

// For the registers whose changes open and close rows, inside PeopleDatabase::change():

[[nodiscard]] Result<void> open_access(store::Database& people, const AccessGrant& grant);
[[nodiscard]] Result<void> close_access(store::Database& people, std::string_view user, std::string_view why,
                                        std::string_view by, TimePoint now);
[[nodiscard]] Result<std::vector<AccessGrant>> open_access_of(store::Database& people, std::string_view user);

}  // namespace schoolgate::identity
